-- Clients of Loanbook's own, and of the first of them an open loan that many payments fit into.
update ops.book set business_date = '2024-01-25';
insert into dm.clients (user_id, created_at, status, batch, credit_limit, interest_rate, owner)
select nextval('dm.client_ids'), '2023-01-10', 'approved', 1, 1000000, 20, 'loanbook'
from generate_series(1, 120000);
insert into dm.loans (
    loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount, amount_paid,
    interest_rate, owner, product_version, term_days, tax_fixed_percent, tax_daily_percent, day_count
)
select
    nextval('dm.loan_ids'), c.user_id, '2024-01-02', '2024-04-01', 'ongoing', 1000000, 11180,
    1061180, 0, 20, 'loanbook', 1, 90, 0.38, 0.0082, 360
from dm.clients as c
where c.user_id < 1000020000;
create schema bench;
grant usage on schema bench to loanbook_app;
create sequence bench.borrower minvalue 1000020000;
grant usage on sequence bench.borrower to loanbook_app;
