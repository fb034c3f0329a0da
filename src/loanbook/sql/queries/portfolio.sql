-- How the book answers questions, and how it is copied into the lake.
-- name: business_date
select k.business_date from api.book as k;

-- Questions name their relations without a schema; the setting is the day asked. They read whole
-- tables and wait for nobody, so a second core is worth its start even for a small book.
-- name: ask_as_of
select
    set_config('search_path', 'report, pg_temp', true),
    set_config('parallel_setup_cost', '50', true),
    set_config('parallel_tuple_cost', '0.01', true),
    set_config('min_parallel_table_scan_size', '1MB', true),
    set_config('loanbook.as_of', %(as_of)s, true);

-- name: copy_clients
copy (
    select
        c.user_id, c.created_at, c.status, c.batch, c.credit_limit, c.interest_rate,
        c.denied_reason, c.denied_at
    from report.clients as c
    order by c.user_id
) to stdout (format csv, encoding 'UTF8');

-- name: copy_loans
copy (
    select
        l.loan_id, l.user_id, l.created_at, l.due_at, l.paid_at, l.issued_on, l.due_on, l.paid_on,
        l.status, l.loan_amount, l.tax, l.due_amount, l.amount_paid, l.interest_rate
    from report.loans as l
    order by l.loan_id
) to stdout (format csv, encoding 'UTF8');

-- name: copy_payments
copy (
    select p.payment_id, p.loan_id, p.kind, p.amount, p.effective_on
    from report.payments as p
    order by p.payment_id
) to stdout (format csv, encoding 'UTF8');
