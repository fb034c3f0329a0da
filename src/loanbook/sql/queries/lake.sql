-- What DuckDB is told, which reads the lake and writes it.
-- sqlfluff:dialect:duckdb
-- sqlfluff:templater:placeholder:param_style:dollar
-- These files may be read and written, no others, and that stays so.
-- name: allow_files
set allowed_paths = $files;

-- name: close_doors
set enable_external_access = false;
set lock_configuration = true;

-- name: ask_as_of
create or replace table asked as select cast($as_of as date) as as_of;

-- name: loans
select count(l.loan_id) from loans as l;

-- One row for each table: how many rows it has, and the sum of its key and amounts.
-- name: sums_of_clients
select
    count(*) as row_count,
    cast(coalesce(sum(c.user_id), 0) as varchar(40)) as keys,
    cast(coalesce(sum(c.credit_limit), 0) as varchar(40)) as amounts
from clients as c;

-- name: sums_of_loans
select
    count(*) as row_count,
    cast(coalesce(sum(l.loan_id), 0) as varchar(40)) as keys,
    cast(coalesce(sum(l.due_amount), 0) as varchar(40)) as amounts
from loans as l;

-- name: sums_of_loan_states
select
    count(*) as row_count,
    cast(coalesce(sum(s.loan_id), 0) as varchar(40)) as keys,
    cast(coalesce(sum(s.due_amount), 0) as varchar(40)) as amounts
from loan_states as s;

-- name: sums_of_payments
select
    count(*) as row_count,
    cast(coalesce(sum(p.payment_id), 0) as varchar(40)) as keys,
    cast(coalesce(sum(p.amount), 0) as varchar(40)) as amounts
from payments as p;
