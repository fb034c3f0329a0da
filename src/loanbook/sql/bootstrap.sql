-- What install itself needs before the first migration: the schemas and the list of migrations.
create schema if not exists ops;
create schema if not exists stage;
create schema if not exists dm;
create schema if not exists audit;
create schema if not exists api;
create schema if not exists report;

comment on schema stage is 'What was received: each line of a file with its batch and number.';
comment on schema dm is 'The data mart: clients, loans, contacts and payments as they stand.';
comment on schema audit is 'Append-only history of every change of the mart.';
comment on schema ops is 'How the operation runs: batches, quarantine, findings.';
comment on schema api is 'All that programs and people may call and read; holds no data.';
comment on schema report is
'Answers about the portfolio for the book''s business date, without personal data; holds no data.';

create table if not exists ops.migrations (
    name text constraint migrations_pkey primary key,
    digest text not null,
    applied_at timestamptz not null default clock_timestamp()
);
comment on table ops.migrations is 'One row per migration that this database has taken.';
comment on column ops.migrations.name is 'File name of the migration.';
comment on column ops.migrations.digest is 'SHA-256 of its text when it was applied.';
comment on column ops.migrations.applied_at is 'When it was applied.';
