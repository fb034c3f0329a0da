-- The book as it was recorded on each day, in sums: what a report said can be said again, whatever
-- was corrected since.

create table ops.daily_books (
    snapshot_id bigint generated always as identity constraint daily_books_pkey primary key,
    as_of date not null,
    mark text not null,
    run_id bigint not null
    constraint daily_books_run_fkey references ops.runs,
    attempt integer not null,
    recorded_at timestamptz not null default clock_timestamp(),
    clients bigint not null,
    approved_clients bigint not null,
    borrowers bigint not null,
    constraint daily_books_once_a_state unique (as_of, mark)
);
comment on table ops.daily_books is
'One row per day and state of the mart that was recorded for it; the latest of a day stands.';
comment on column ops.daily_books.snapshot_id is 'Number of the record.';
comment on column ops.daily_books.as_of is 'The day: what happened before it counts.';
comment on column ops.daily_books.mark is 'State of the mart: how far the audit had come.';
comment on column ops.daily_books.run_id is 'Run that recorded it.';
comment on column ops.daily_books.attempt is 'Attempt of that run.';
comment on column ops.daily_books.recorded_at is 'When it was recorded.';
comment on column ops.daily_books.clients is 'Clients registered.';
comment on column ops.daily_books.approved_clients is 'Of these, approved.';
comment on column ops.daily_books.borrowers is 'Clients with at least one loan.';

create table ops.daily_figures (
    snapshot_id bigint not null
    constraint daily_figures_book_fkey references ops.daily_books on delete cascade,
    cut text not null
    constraint daily_figures_cut_known check (cut in ('book', 'batch', 'interest_rate', 'season')),
    part text not null,
    status text not null,
    bucket text not null
    constraint daily_figures_bucket_known
    check (bucket in ('closed', 'current', '1-30', '31-60', '61-90', '90+')),
    loans bigint not null,
    principal numeric(18, 2) not null,
    due_amount numeric(18, 2) not null,
    amount_paid numeric(18, 2) not null,
    balance numeric(18, 2) not null,
    constraint daily_figures_pkey primary key (snapshot_id, cut, part, status, bucket)
);
comment on table ops.daily_figures is
'One row per record, cut of the book, part of that cut, status and bucket that has loans.';
comment on column ops.daily_figures.snapshot_id is 'The record.';
comment on column ops.daily_figures.cut is
'By what the book is cut: not at all (book), by batch, by rate of the contract, by month of issue (season).';
comment on column ops.daily_figures.part is 'Which batch, rate or month; all of the book.';
comment on column ops.daily_figures.status is 'What the loans were as of the day.';
comment on column ops.daily_figures.bucket is 'How late they were: closed where nothing was owed.';
comment on column ops.daily_figures.loans is 'How many loans.';
comment on column ops.daily_figures.principal is 'Their principal.';
comment on column ops.daily_figures.due_amount is 'Their principal, tax and interest.';
comment on column ops.daily_figures.amount_paid is 'Paid on them.';
comment on column ops.daily_figures.balance is 'Owed on them; nothing on what is closed.';
