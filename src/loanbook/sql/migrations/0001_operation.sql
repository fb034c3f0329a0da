-- Batches, their totals, quarantine, findings: what happened to every line that came in.

create table ops.rules (
    rule text constraint rules_pkey primary key,
    nature text not null
    constraint rules_nature_known check (nature in ('refusal', 'state', 'event')),
    sentence text not null
);
comment on table ops.rules is
'One row per named rule: why a line is refused, or which fact about a row is worth telling.';
comment on column ops.rules.rule is 'Name of the rule; the name of the constraint where one guards it.';
comment on column ops.rules.nature is
'refusal: the line cannot be in the mart; state: a finding that closes when it no longer holds; '
'event: a finding that stays until a person accepts it.';
comment on column ops.rules.sentence is 'The rule in words.';

-- The business date is that of the last accepted run; there is one book in a database.
create table ops.book (
    only_row boolean not null default true
    constraint book_pkey primary key
    constraint book_has_one_row check (only_row),
    business_date date,
    advanced_at timestamptz,
    zone text not null default 'America/Sao_Paulo',
    release text
);
comment on table ops.book is 'One row: how far the book has come.';
comment on column ops.book.only_row is 'Always true: there is one book in a database.';
comment on column ops.book.business_date is 'Business date of the last accepted run.';
comment on column ops.book.advanced_at is 'When that run was accepted.';
comment on column ops.book.zone is 'The lender''s time zone.';
comment on column ops.book.release is 'What install last applied; another release must install first.';
insert into ops.book default values;

create table ops.batches (
    batch_id bigint generated always as identity constraint batches_pkey primary key,
    source text not null
    constraint batches_source_is_a_name check (source ~ '^[a-z][a-z0-9_-]{0,39}$'),
    kind text not null
    constraint batches_kind_known check (kind in ('clients', 'contacts', 'loans')),
    file_name text not null,
    digest text not null
    constraint batches_digest_is_sha256 check (digest ~ '^[0-9a-f]{64}$'),
    archived_as text,
    business_date date not null,
    is_full boolean not null,
    is_retry boolean not null default false,
    columns text[] not null,
    delimiter text not null
    constraint batches_delimiter_is_one_character check (length(delimiter) = 1),
    state text not null default 'staging'
    constraint batches_state_known
    check (state in ('staging', 'staged', 'accepted', 'refused')),
    actor text not null,
    lines bigint,
    compared_with bigint
    constraint batches_compared_with_fkey references ops.batches,
    carried bigint not null default 0
    constraint batches_carried_needs_comparison check (carried = 0 or compared_with is not null),
    departed bigint[] not null default '{}',
    deleted bigint not null default 0,
    refusal text,
    opened_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    constraint batches_sealed_with_counts
    check (state = 'staging' or lines is not null),
    constraint batches_refused_with_reason check ((state = 'refused') = (refusal is not null))
);
comment on table ops.batches is 'One row per file that was staged, or per retry of quarantined lines.';
comment on column ops.batches.batch_id is 'Number of the batch.';
comment on column ops.batches.source is 'Who delivered the file.';
comment on column ops.batches.kind is 'What the file holds: clients, contacts or loans.';
comment on column ops.batches.file_name is 'Name of the file as it was found.';
comment on column ops.batches.digest is 'SHA-256 of the file''s bytes.';
comment on column ops.batches.archived_as is 'Name of its copy in the archive folder.';
comment on column ops.batches.business_date is 'The book at 00:00 of this day is what the file tells.';
comment on column ops.batches.is_full is 'The file is declared whole: what it lacks is gone.';
comment on column ops.batches.is_retry is 'The batch repeats lines out of quarantine.';
comment on column ops.batches.columns is 'Column names of the header, in the order of the file.';
comment on column ops.batches.delimiter is 'What separates its columns.';
comment on column ops.batches.state is 'staging, staged, then accepted or refused whole.';
comment on column ops.batches.actor is 'Who staged it.';
comment on column ops.batches.lines is 'Lines of data in the file, blank ones not counted.';
comment on column ops.batches.compared_with is
'The accepted batch whose file this one was compared with; only lines that differ were staged.';
comment on column ops.batches.carried is 'Lines that stood in that file too: the mart holds them.';
comment on column ops.batches.departed is 'Keys that stood in that file and are not in this one.';
comment on column ops.batches.deleted is 'Clients deleted because a full file no longer names them.';
comment on column ops.batches.refusal is 'Why the batch was refused whole.';
comment on column ops.batches.opened_at is 'When staging began.';
comment on column ops.batches.finished_at is 'When it was accepted or refused.';
create index batches_digest on ops.batches (digest);

create table ops.batch_totals (
    batch_id bigint not null
    constraint batch_totals_batch_fkey references ops.batches,
    measure text not null
    constraint batch_totals_measure_known
    check (measure in ('lines', 'loan_amount', 'due_amount', 'amount_paid')),
    in_file numeric not null,
    carried numeric not null default 0,
    inserted numeric,
    updated numeric,
    unchanged numeric,
    collapsed numeric,
    quarantined numeric,
    unreadable bigint not null default 0,
    constraint batch_totals_pkey primary key (batch_id, measure),
    constraint batch_totals_identity
    check (in_file = inserted + updated + unchanged + collapsed + quarantined)
);
comment on table ops.batch_totals is
'One row per batch and measure: what came in equals what became of it, in lines and in money.';
comment on column ops.batch_totals.batch_id is 'The batch.';
comment on column ops.batch_totals.measure is 'lines, or a sum of money in the book''s currency.';
comment on column ops.batch_totals.in_file is 'Total of the file, counted when it was staged.';
comment on column ops.batch_totals.carried is
'Part that stood in the file before too; counted in unchanged when the batch is accepted.';
comment on column ops.batch_totals.inserted is 'Part that became new rows of the mart.';
comment on column ops.batch_totals.updated is 'Part that changed rows of the mart.';
comment on column ops.batch_totals.unchanged is 'Part that the mart held already.';
comment on column ops.batch_totals.collapsed is 'Part that only repeated another line of the file.';
comment on column ops.batch_totals.quarantined is 'Part that was refused and is kept in quarantine.';
comment on column ops.batch_totals.unreadable is 'Amounts that no sum can hold (blank or no number).';

create table ops.quarantine (
    quarantine_id bigint generated always as identity constraint quarantine_pkey primary key,
    batch_id bigint not null
    constraint quarantine_batch_fkey references ops.batches,
    line_no bigint not null,
    key bigint,
    raw text not null,
    rules text[] not null
    constraint quarantine_has_a_reason check (cardinality(rules) > 0),
    state text not null default 'open'
    constraint quarantine_state_known
    check (state in ('open', 'superseded', 'retried', 'dismissed')),
    closed_by bigint
    constraint quarantine_closed_by_fkey references ops.batches,
    closed_at timestamptz,
    dismissed_by text,
    dismissal text,
    constraint quarantine_line_once unique (batch_id, line_no),
    constraint quarantine_closed_with_date check ((state = 'open') = (closed_at is null)),
    constraint quarantine_closed_by_a_batch
    check ((state in ('superseded', 'retried')) = (closed_by is not null)),
    constraint quarantine_dismissed_with_reason
    check (
        (state = 'dismissed') = (dismissed_by is not null)
        and (state = 'dismissed') = (dismissal is not null)
    )
);
comment on table ops.quarantine is 'One row per line that was refused, kept with all its reasons.';
comment on column ops.quarantine.quarantine_id is 'Number of the refused line.';
comment on column ops.quarantine.batch_id is 'Batch it came with.';
comment on column ops.quarantine.line_no is 'Number of its first line in the file; the header is 1.';
comment on column ops.quarantine.key is 'user_id or loan_id of the line, where it can be read.';
comment on column ops.quarantine.raw is 'The line as it stands in the file.';
comment on column ops.quarantine.rules is 'Names of all rules that it breaks.';
comment on column ops.quarantine.state is
'open; superseded: a later batch brought its key; retried: a later batch tried it again; '
'dismissed: a person said that nothing is to come of it.';
comment on column ops.quarantine.closed_by is 'Batch that closed it.';
comment on column ops.quarantine.closed_at is 'When it was closed.';
comment on column ops.quarantine.dismissed_by is 'Who dismissed it.';
comment on column ops.quarantine.dismissal is 'Why it was dismissed.';
create index quarantine_open_key on ops.quarantine (key) where state = 'open';

create table ops.findings (
    finding_id bigint generated always as identity constraint findings_pkey primary key,
    rule text not null
    constraint findings_rule_fkey references ops.rules,
    subject text not null
    constraint findings_subject_known check (subject in ('client', 'contact', 'loan')),
    subject_id bigint not null,
    detail text not null,
    state text not null default 'open'
    constraint findings_state_known check (state in ('open', 'accepted', 'closed')),
    first_batch bigint
    constraint findings_first_batch_fkey references ops.batches,
    last_batch bigint
    constraint findings_last_batch_fkey references ops.batches,
    first_seen timestamptz not null default clock_timestamp(),
    last_seen timestamptz not null default clock_timestamp(),
    closed_at timestamptz,
    accepted_by text,
    reason text,
    constraint findings_accepted_with_reason
    check ((state <> 'accepted') or (accepted_by is not null and reason is not null)),
    constraint findings_closed_with_date check ((state = 'closed') = (closed_at is not null))
);
comment on table ops.findings is
'One row per fact worth telling about a row of the mart, from first to last sight.';
comment on column ops.findings.finding_id is 'Number of the finding.';
comment on column ops.findings.rule is 'The rule that noticed it.';
comment on column ops.findings.subject is 'What it is about: client, contact or loan.';
comment on column ops.findings.subject_id is 'user_id or loan_id of the subject.';
comment on column ops.findings.detail is 'The fact, with its figures.';
comment on column ops.findings.state is 'open, accepted by a person, or closed.';
comment on column ops.findings.first_batch is 'Batch that first showed it.';
comment on column ops.findings.last_batch is 'Batch that last showed it.';
comment on column ops.findings.first_seen is 'When it was first seen.';
comment on column ops.findings.last_seen is 'When it was last seen.';
comment on column ops.findings.closed_at is 'When a load no longer found it.';
comment on column ops.findings.accepted_by is 'Who accepted it.';
comment on column ops.findings.reason is 'Why it was accepted.';
-- One finding per rule and subject stands at a time; seen again, only its last sight moves.
create unique index findings_one_standing
on ops.findings (rule, subject, subject_id) where state in ('open', 'accepted');
