-- The data mart. Columns are named as in the files; contract times are the lender's wall time.
-- Ids up to 999,999,999 are a file's; from 1,000,000,000 on they are made here, so that a client
-- registered today can never become one person with tomorrow's client of the file.

create sequence dm.client_ids as bigint minvalue 1000000000;
create sequence dm.loan_ids as bigint minvalue 1000000000;

create table dm.clients (
    user_id bigint constraint clients_pkey primary key,
    created_at timestamp not null
    constraint clients_created_at_range
    check (created_at >= '1900-01-01' and created_at < '2200-01-01'),
    status text not null
    constraint clients_status_known check (status in ('approved', 'denied')),
    batch integer not null
    constraint clients_batch_positive check (batch > 0),
    credit_limit numeric(14, 2) not null
    constraint clients_credit_limit_valid check (credit_limit >= 0 and credit_limit <> 'nan'),
    interest_rate numeric(9, 4) not null
    constraint clients_interest_rate_valid
    check (interest_rate >= 0 and interest_rate <= 10000),
    denied_reason text
    constraint clients_denied_reason_short check (length(denied_reason) between 1 and 200),
    denied_at timestamp
    constraint clients_denied_at_range
    check (denied_at >= '1900-01-01' and denied_at < '2200-01-01'),
    owner text not null,
    source_key text,
    version integer not null default 1
    constraint clients_version_positive check (version > 0),
    amended_at timestamptz,
    constraint clients_user_id_owner
    check (user_id > 0 and (owner = 'loanbook') = (user_id >= 1000000000)),
    constraint clients_denial_dated check (status <> 'denied' or denied_at is not null),
    constraint clients_approved_undenied
    check (status <> 'approved' or (denied_at is null and denied_reason is null))
);
comment on table dm.clients is 'One row per client.';
comment on column dm.clients.user_id is 'Number of the client; below 1,000,000,000 as in the file.';
comment on column dm.clients.created_at is 'When the client was registered (lender''s wall time).';
comment on column dm.clients.status is 'approved, or denied: takes no new loan.';
comment on column dm.clients.batch is 'Acquisition cohort.';
comment on column dm.clients.credit_limit is 'The most the client may borrow, in the book''s currency.';
comment on column dm.clients.interest_rate is 'Percent per year for new loans.';
comment on column dm.clients.denied_reason is 'Why the client is denied, spelled as in the source.';
comment on column dm.clients.denied_at is 'Since when the client is denied (lender''s wall time).';
comment on column dm.clients.owner is 'The source that delivers the client, or loanbook.';
comment on column dm.clients.source_key is 'The source''s own key, where it is not the user_id.';
comment on column dm.clients.version is 'Raised by every change, whether by file or by person.';
comment on column dm.clients.amended_at is 'When a person last amended the client here.';
create unique index clients_source_key_once
on dm.clients (owner, source_key) where source_key is not null;

create table dm.contacts (
    user_id bigint constraint contacts_pkey primary key
    constraint contacts_client_fkey references dm.clients,
    name text
    constraint contacts_name_short check (length(name) between 1 and 200),
    email text
    constraint contacts_email_short check (length(email) between 1 and 320),
    tax_id text
    constraint contacts_tax_id_short check (length(tax_id) between 1 and 40),
    locale text
    constraint contacts_locale_short check (length(locale) between 1 and 40),
    phone text
    constraint contacts_phone_short check (length(phone) between 1 and 40),
    opted_out_at timestamp
    constraint contacts_opted_out_at_range
    check (opted_out_at >= '1900-01-01' and opted_out_at < '2200-01-01'),
    owner text not null,
    version integer not null default 1
    constraint contacts_version_positive check (version > 0),
    amended_at timestamptz
);
comment on table dm.contacts is 'One row per client that can be reached: personal data, kept apart.';
comment on column dm.contacts.user_id is 'The client.';
comment on column dm.contacts.name is 'Full name.';
comment on column dm.contacts.email is 'E-mail address.';
comment on column dm.contacts.tax_id is 'CPF or CNPJ.';
comment on column dm.contacts.locale is 'Language of letters, such as pt-BR or en.';
comment on column dm.contacts.phone is 'Telephone number.';
comment on column dm.contacts.opted_out_at is 'Since when the client wants no optional letters.';
comment on column dm.contacts.owner is 'The source that delivers the contact, or loanbook.';
comment on column dm.contacts.version is 'Raised by every change, whether by file or by person.';
comment on column dm.contacts.amended_at is 'When a person last amended the contact here.';

create table dm.loans (
    loan_id bigint constraint loans_pkey primary key,
    user_id bigint not null
    constraint loans_client_fkey references dm.clients,
    created_at timestamp not null
    constraint loans_created_at_range
    check (created_at >= '1900-01-01' and created_at < '2200-01-01'),
    due_at timestamp not null
    constraint loans_due_at_range check (due_at < '2200-01-01'),
    paid_at timestamp
    constraint loans_paid_at_range check (paid_at < '2200-01-01'),
    issued_on date not null generated always as (created_at::date) stored,
    due_on date not null generated always as (due_at::date) stored,
    paid_on date generated always as (paid_at::date) stored,
    status text not null
    constraint loans_status_known
    check (status in ('ongoing', 'paid', 'default', 'cancelled', 'written_off')),
    loan_amount numeric(14, 2) not null
    constraint loans_loan_amount_positive check (loan_amount > 0 and loan_amount <> 'nan'),
    tax numeric(14, 2) not null
    constraint loans_tax_valid check (tax >= 0 and tax <> 'nan'),
    due_amount numeric(14, 2) not null
    constraint loans_due_amount_positive check (due_amount > 0 and due_amount <> 'nan'),
    amount_paid numeric(14, 2) not null
    constraint loans_amount_paid_valid check (amount_paid >= 0 and amount_paid <> 'nan'),
    interest_rate numeric(9, 4)
    constraint loans_interest_rate_valid
    check (interest_rate >= 0 and interest_rate <= 10000),
    rate_is_implied boolean not null default false,
    exempt_from bigint
    constraint loans_exempt_from_fkey references ops.findings,
    owner text not null,
    source_key text,
    version integer not null default 1
    constraint loans_version_positive check (version > 0),
    constraint loans_loan_id_owner
    check (loan_id > 0 and (owner = 'loanbook') = (loan_id >= 1000000000)),
    constraint loans_due_after_created check (due_at > created_at),
    constraint loans_paid_has_date check (status <> 'paid' or paid_at is not null),
    constraint loans_unpaid_has_no_date check (status = 'paid' or paid_at is null),
    constraint loans_paid_not_before_created check (paid_at >= created_at),
    constraint loans_exempt_is_ongoing check (exempt_from is null or status = 'ongoing')
);
comment on table dm.loans is 'One row per loan; its contract terms stand on it.';
comment on column dm.loans.loan_id is 'Number of the loan; below 1,000,000,000 as in the file.';
comment on column dm.loans.user_id is 'The client that owes.';
comment on column dm.loans.created_at is 'When the contract was issued (lender''s wall time).';
comment on column dm.loans.due_at is 'When it is due, to the second.';
comment on column dm.loans.paid_at is 'When it was paid in full; blank unless paid.';
comment on column dm.loans.issued_on is 'Day of created_at.';
comment on column dm.loans.due_on is 'Day of due_at; past due from the day after.';
comment on column dm.loans.paid_on is 'Day of paid_at.';
comment on column dm.loans.status is 'ongoing, paid, default, cancelled or written_off.';
comment on column dm.loans.loan_amount is 'Principal lent, in the book''s currency.';
comment on column dm.loans.tax is 'IOF collected for the state, in the book''s currency.';
comment on column dm.loans.due_amount is 'Principal, tax and interest: all that is to be paid.';
comment on column dm.loans.amount_paid is 'Paid so far; always the sum of its payments.';
comment on column dm.loans.interest_rate is 'Percent per year of this contract; null if none explains it.';
comment on column dm.loans.rate_is_implied is
'The rate was derived from due_amount, because the client''s rate does not explain it.';
comment on column dm.loans.exempt_from is
'Finding that explains why this open loan may stand beside an older one.';
comment on column dm.loans.owner is 'The source that delivers the loan, or loanbook.';
comment on column dm.loans.source_key is 'The source''s own key, where it is not the loan_id.';
comment on column dm.loans.version is 'Raised by every change, whether by file or by person.';
create index loans_client on dm.loans (user_id);
-- A client has one regular open loan; a further one is kept, exempt and with a finding.
create unique index loans_one_open_per_client
on dm.loans (user_id) where status = 'ongoing' and exempt_from is null;
-- Exempt loans are few and judged anew at each load.
create index loans_exempt on dm.loans (user_id) where exempt_from is not null;
create unique index loans_source_key_once
on dm.loans (owner, source_key) where source_key is not null;

create table dm.payments (
    payment_id bigint generated always as identity constraint payments_pkey primary key,
    loan_id bigint not null
    constraint payments_loan_fkey references dm.loans,
    kind text not null
    constraint payments_kind_known
    check (kind in ('opening', 'payment', 'correction', 'reversal')),
    amount numeric(14, 2) not null
    constraint payments_amount_not_zero check (amount <> 0 and amount <> 'nan'),
    effective_on date,
    recorded_at timestamptz not null default now(),
    transaction_id xid8 not null default pg_current_xact_id(),
    idempotency_key text,
    owner text not null,
    -- No foreign key: only the load writes it, a batch is never deleted, and the look at each row
    -- would be a fifth of what the day's payments cost. The check no_orphans watches over it.
    batch_id bigint,
    reverses_id bigint
    constraint payments_reverses_fkey references dm.payments,
    constraint payments_sign_fits_kind
    check (case kind when 'correction' then amount < 0 when 'reversal' then amount < 0 else amount > 0 end),
    constraint payments_reversal_names_payment check ((kind = 'reversal') = (reverses_id is not null)),
    constraint payments_only_opening_undated check (effective_on is not null or kind = 'opening')
);
comment on table dm.payments is 'One row per movement of money on a loan; append-only.';
comment on column dm.payments.payment_id is 'Number of the movement.';
comment on column dm.payments.loan_id is 'The loan it belongs to.';
comment on column dm.payments.kind is
'opening: what a file showed at first sight; payment; correction: a file lowered the sum; reversal.';
comment on column dm.payments.amount is 'Signed amount in the book''s currency.';
comment on column dm.payments.effective_on is 'Day it counts from; null: earlier than any business date.';
comment on column dm.payments.recorded_at is 'When it was recorded.';
comment on column dm.payments.transaction_id is
'Transaction that recorded it; audit.statements says who that was.';
comment on column dm.payments.idempotency_key is 'The request''s own key: the same request acts once.';
comment on column dm.payments.owner is 'The source that told of it, or loanbook.';
comment on column dm.payments.batch_id is 'Batch that brought it.';
comment on column dm.payments.reverses_id is 'The payment that this reversal takes back.';
create index payments_loan on dm.payments (loan_id);
create unique index payments_idempotency_key_once
on dm.payments (idempotency_key) where idempotency_key is not null;
create unique index payments_reversed_once on dm.payments (reverses_id) where reverses_id is not null;
