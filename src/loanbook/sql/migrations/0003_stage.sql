-- Landing tables: one partition per batch, made when the batch is opened and dropped when it is no
-- longer needed. Amounts are unconstrained, so that no column rounds before a rule has looked.
-- Partitions are unlogged: after a crash of the server they are empty, and their batches,
-- whose sealed counts no longer fit, must be staged again.

create table stage.clients (
    batch_id bigint not null,
    line_no bigint not null,
    user_id bigint,
    created_at timestamp,
    status text,
    batch integer,
    credit_limit numeric,
    interest_rate numeric,
    denied_reason text,
    denied_at timestamp,
    set_aside text
    constraint clients_set_aside_known check (set_aside in ('quarantined', 'collapsed')),
    faults text[]
) partition by list (batch_id);
comment on table stage.clients is 'One row per line of a clients file.';
comment on column stage.clients.batch_id is 'Batch of the line.';
comment on column stage.clients.line_no is 'Number of the line in its file; the header is line 1.';
comment on column stage.clients.user_id is 'As received.';
comment on column stage.clients.created_at is 'As received.';
comment on column stage.clients.status is 'As received.';
comment on column stage.clients.batch is 'As received: the acquisition cohort.';
comment on column stage.clients.credit_limit is 'As received.';
comment on column stage.clients.interest_rate is 'As received, percent per year.';
comment on column stage.clients.denied_reason is 'As received.';
comment on column stage.clients.denied_at is 'As received.';
comment on column stage.clients.set_aside is 'Why the line did not go on to the mart; null if it did.';
comment on column stage.clients.faults is 'Names of the rules that a quarantined line breaks.';

create table stage.contacts (
    batch_id bigint not null,
    line_no bigint not null,
    user_id bigint,
    name text,
    email text,
    tax_id text,
    locale text,
    phone text,
    opted_out_at timestamp,
    set_aside text
    constraint contacts_set_aside_known check (set_aside in ('quarantined', 'collapsed')),
    faults text[]
) partition by list (batch_id);
comment on table stage.contacts is 'One row per line of a contacts file.';
comment on column stage.contacts.batch_id is 'Batch of the line.';
comment on column stage.contacts.line_no is 'Number of the line in its file; the header is line 1.';
comment on column stage.contacts.user_id is 'As received.';
comment on column stage.contacts.name is 'As received.';
comment on column stage.contacts.email is 'As received.';
comment on column stage.contacts.tax_id is 'As received.';
comment on column stage.contacts.locale is 'As received.';
comment on column stage.contacts.phone is 'As received.';
comment on column stage.contacts.opted_out_at is 'As received.';
comment on column stage.contacts.set_aside is 'Why the line did not go on to the mart; null if it did.';
comment on column stage.contacts.faults is 'Names of the rules that a quarantined line breaks.';

create table stage.loans (
    batch_id bigint not null,
    line_no bigint not null,
    user_id bigint,
    loan_id bigint,
    created_at timestamp,
    due_at timestamp,
    paid_at timestamp,
    status text,
    loan_amount numeric,
    tax numeric,
    due_amount numeric,
    amount_paid numeric,
    set_aside text
    constraint loans_set_aside_known check (set_aside in ('quarantined', 'collapsed')),
    faults text[]
) partition by list (batch_id);
comment on table stage.loans is 'One row per line of a loans file.';
comment on column stage.loans.batch_id is 'Batch of the line.';
comment on column stage.loans.line_no is 'Number of the line in its file; the header is line 1.';
comment on column stage.loans.user_id is 'As received.';
comment on column stage.loans.loan_id is 'As received.';
comment on column stage.loans.created_at is 'As received.';
comment on column stage.loans.due_at is 'As received.';
comment on column stage.loans.paid_at is 'As received.';
comment on column stage.loans.status is 'As received.';
comment on column stage.loans.loan_amount is 'As received.';
comment on column stage.loans.tax is 'As received.';
comment on column stage.loans.due_amount is 'As received.';
comment on column stage.loans.amount_paid is 'As received.';
comment on column stage.loans.set_aside is 'Why the line did not go on to the mart; null if it did.';
comment on column stage.loans.faults is 'Names of the rules that a quarantined line breaks.';

-- Merge base: what the source last delivered, kept only for rows that were amended here.
create table stage.clients_base (
    user_id bigint constraint clients_base_pkey primary key
    constraint clients_base_client_fkey references dm.clients,
    created_at timestamp not null,
    status text not null,
    batch integer not null,
    credit_limit numeric(14, 2) not null,
    interest_rate numeric(9, 4) not null,
    denied_reason text,
    denied_at timestamp
);
comment on table stage.clients_base is
'One row per client amended here whose source still says something else: what the source said last.';
comment on column stage.clients_base.user_id is 'The client.';
comment on column stage.clients_base.created_at is 'As last delivered.';
comment on column stage.clients_base.status is 'As last delivered.';
comment on column stage.clients_base.batch is 'As last delivered: the acquisition cohort.';
comment on column stage.clients_base.credit_limit is 'As last delivered.';
comment on column stage.clients_base.interest_rate is 'As last delivered, percent per year.';
comment on column stage.clients_base.denied_reason is 'As last delivered.';
comment on column stage.clients_base.denied_at is 'As last delivered.';

create table stage.contacts_base (
    user_id bigint constraint contacts_base_pkey primary key
    constraint contacts_base_contact_fkey references dm.contacts,
    name text,
    email text,
    tax_id text,
    locale text,
    phone text,
    opted_out_at timestamp
);
comment on table stage.contacts_base is
'One row per contact amended here whose source still says something else: what the source said last.';
comment on column stage.contacts_base.user_id is 'The client.';
comment on column stage.contacts_base.name is 'As last delivered.';
comment on column stage.contacts_base.email is 'As last delivered.';
comment on column stage.contacts_base.tax_id is 'As last delivered.';
comment on column stage.contacts_base.locale is 'As last delivered.';
comment on column stage.contacts_base.phone is 'As last delivered.';
comment on column stage.contacts_base.opted_out_at is 'As last delivered.';
