-- History. An insert needs no image, the row is its own; an update or delete keeps the image
-- before it. From these any past state can be rebuilt.

create table audit.statements (
    statement_id bigint generated always as identity constraint statements_pkey primary key,
    relation text not null,
    operation "char" not null
    constraint statements_operation_known check (operation in ('I', 'U', 'D')),
    actor text not null,
    session_role text not null,
    batch_id bigint,
    reason text,
    transaction_id xid8 not null default pg_current_xact_id(),
    at timestamptz not null default clock_timestamp()
);
comment on table audit.statements is 'One row per statement that changed a table of the mart.';
comment on column audit.statements.statement_id is 'Orders all changes.';
comment on column audit.statements.relation is 'Table of schema dm.';
comment on column audit.statements.operation is 'I insert, U update, D delete.';
comment on column audit.statements.actor is 'Who did it, as the program was told.';
comment on column audit.statements.session_role is 'Role that was logged in.';
comment on column audit.statements.batch_id is 'Batch that brought the change, if a file did.';
comment on column audit.statements.reason is 'Reason that a person gave.';
comment on column audit.statements.transaction_id is 'Transaction it belongs to.';
comment on column audit.statements.at is 'When it was done.';
create index statements_transaction on audit.statements (transaction_id);
create index statements_batch on audit.statements (batch_id) where batch_id is not null;

-- One table of history for each table of the mart, of the same name. Keys first: a row's history
-- lies together. Bulk reads by statement use the block ranges, which cost next to nothing to keep,
-- as statements only grow. The view audit.changes shows them as one.
create table audit.clients (
    key bigint not null,
    statement_id bigint not null,
    operation "char" not null,
    before jsonb,
    constraint clients_history_pkey primary key (key, statement_id),
    constraint clients_history_insert_has_no_before check ((operation = 'I') = (before is null))
);
comment on table audit.clients is 'One row per client that a statement changed.';
comment on column audit.clients.key is 'user_id of the changed row.';
comment on column audit.clients.statement_id is 'The statement; it names actor and time.';
comment on column audit.clients.operation is 'I insert, U update, D delete.';
comment on column audit.clients.before is 'The row before.';
create index clients_history_statement on audit.clients using brin (statement_id);

create table audit.contacts (
    key bigint not null,
    statement_id bigint not null,
    operation "char" not null,
    before jsonb,
    constraint contacts_history_pkey primary key (key, statement_id),
    constraint contacts_history_insert_has_no_before check ((operation = 'I') = (before is null))
);
comment on table audit.contacts is 'One row per contact that a statement changed.';
comment on column audit.contacts.key is 'user_id of the changed row.';
comment on column audit.contacts.statement_id is 'The statement; it names actor and time.';
comment on column audit.contacts.operation is 'I insert, U update, D delete.';
comment on column audit.contacts.before is 'The row before, personal columns apart.';
create index contacts_history_statement on audit.contacts using brin (statement_id);

create table audit.loans (
    key bigint not null,
    statement_id bigint not null,
    operation "char" not null,
    before jsonb,
    constraint loans_history_pkey primary key (key, statement_id),
    constraint loans_history_insert_has_no_before check ((operation = 'I') = (before is null))
);
comment on table audit.loans is 'One row per loan that a statement changed.';
comment on column audit.loans.key is 'loan_id of the changed row.';
comment on column audit.loans.statement_id is 'The statement; it names actor and time.';
comment on column audit.loans.operation is 'I insert, U update, D delete.';
comment on column audit.loans.before is 'The row before.';
create index loans_history_statement on audit.loans using brin (statement_id);

create table audit.personal (
    key bigint not null,
    statement_id bigint not null,
    before jsonb,
    constraint personal_pkey primary key (key, statement_id)
);
comment on table audit.personal is
'Personal columns of changed contacts, apart, so that they can be blanked.';
comment on column audit.personal.key is 'user_id of the contact.';
comment on column audit.personal.statement_id is 'The statement that changed it.';
comment on column audit.personal.before is 'Name, e-mail, tax id and telephone before the change.';
