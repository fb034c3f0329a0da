-- name: get
select
    l.loan_id,
    l.user_id,
    l.created_at,
    l.due_at,
    l.paid_at,
    l.status,
    l.loan_amount,
    l.tax,
    l.due_amount,
    l.amount_paid,
    l.balance,
    l.interest_rate,
    l.rate_is_implied,
    l.exempt_from,
    l.owner,
    l.version
from api.loans as l
where l.loan_id = %(loan_id)s;

-- name: at
select
    l.loan_id,
    l.user_id,
    l.created_at,
    l.due_at,
    l.paid_at,
    l.status,
    l.loan_amount,
    l.tax,
    l.due_amount,
    l.amount_paid,
    l.due_amount - l.amount_paid as balance,
    l.interest_rate,
    l.rate_is_implied,
    l.exempt_from,
    l.owner,
    l.version
from jsonb_populate_record(null::api.loans, api.row_at('loans', %(loan_id)s, %(at)s)) as l
where l.loan_id is not null;

-- name: payments
select
    p.payment_id,
    p.kind,
    p.amount,
    p.effective_on,
    p.recorded_at,
    p.actor,
    p.batch_id,
    p.reverses_id
from api.payments as p
where p.loan_id = %(loan_id)s
order by p.payment_id;
