-- The queue of the workers: the tables and functions of the library procrastinate in a schema of
-- their own, and which of its files this database has taken.
create schema if not exists jobs;
comment on schema jobs is 'The queue of the workers; its tables are those of the library procrastinate.';

create table if not exists jobs.taken (
    name text constraint taken_pkey primary key,
    taken_at timestamptz not null default clock_timestamp()
);
comment on table jobs.taken is 'One row per file of procrastinate that this database has taken or came with.';
comment on column jobs.taken.name is 'File name.';
comment on column jobs.taken.taken_at is 'When it was applied, or when the whole schema was.';

-- The library names its objects without a schema.
set local search_path = jobs, pg_catalog;
