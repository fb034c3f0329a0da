begin;
insert into dm.loans (
    loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount, amount_paid,
    interest_rate, owner, product_version, term_days, tax_fixed_percent, tax_daily_percent, day_count
)
values (
    nextval('dm.loan_ids'), nextval('bench.borrower'), '2024-01-25', '2024-04-24', 'ongoing', 1000,
    11.18, 1061.18, 0, 20, 'loanbook', 1, 90, 0.38, 0.0082, 360
);
commit;
