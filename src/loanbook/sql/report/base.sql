-- What the questions stand on: the day asked, and the mart without personal data. A snapshot has
-- the same relations with the same columns, so the text of a question runs on both.

create view report.asked as
select coalesce(nullif(current_setting('loanbook.as_of', true), '')::date, k.business_date) as as_of
from ops.book as k;
comment on view report.asked is
'One row: the day asked, which is the setting loanbook.as_of, else the book''s business date.';
comment on column report.asked.as_of is 'What happened before this day counts.';

create view report.clients as
select
    c.user_id, c.created_at, c.status, c.batch, c.credit_limit, c.interest_rate, c.denied_reason,
    c.denied_at
from dm.clients as c;
comment on view report.clients is 'One row per client as it stands, without personal data.';

create view report.loans as
select
    l.loan_id, l.user_id, l.created_at, l.due_at, l.paid_at, l.issued_on, l.due_on, l.paid_on,
    l.status, l.loan_amount, l.tax, l.due_amount, l.amount_paid, l.interest_rate
from dm.loans as l;
comment on view report.loans is 'One row per loan as it stands, cancelled ones included.';

create view report.payments as
select p.payment_id, p.loan_id, p.kind, p.amount, p.effective_on
from dm.payments as p;
comment on view report.payments is
'One row per movement of money; effective_on is null where the day is not known.';
