-- name: quote
select
    q.principal,
    q.tax,
    q.interest,
    q.due_amount,
    q.due_at,
    q.effective_annual_rate
from api.quote(%(amount)s, %(rate)s, %(issued)s, %(product)s) as q;

-- name: open
select api.open_loan(%(user_id)s, %(amount)s, %(day)s, %(key)s, %(product)s);

-- name: cancel
select api.cancel_loan(%(loan_id)s, %(reason)s);

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
    l.version,
    l.product_version,
    l.term_days,
    l.tax_fixed_percent,
    l.tax_daily_percent,
    l.day_count,
    l.classified_on
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
    l.version,
    l.product_version,
    l.term_days,
    l.tax_fixed_percent,
    l.tax_daily_percent,
    l.day_count,
    l.classified_on
from jsonb_populate_record(null::api.loans, api.row_at('loans', %(loan_id)s, %(at)s)) as l
where l.loan_id is not null;

-- name: find
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
    l.version,
    l.product_version,
    l.term_days,
    l.tax_fixed_percent,
    l.tax_daily_percent,
    l.day_count,
    l.classified_on
from api.loans as l
where
    l.loan_id > %(after)s
    and (%(user_id)s::bigint is null or l.user_id = %(user_id)s::bigint)
    and (%(status)s::text is null or l.status = %(status)s::text)
    and (%(owner)s::text is null or l.owner = %(owner)s::text)
    and (%(issued_since)s::date is null or l.issued_on >= %(issued_since)s::date)
    and (%(issued_until)s::date is null or l.issued_on <= %(issued_until)s::date)
    and (%(due_since)s::date is null or l.due_on >= %(due_since)s::date)
    and (%(due_until)s::date is null or l.due_on <= %(due_until)s::date)
order by l.loan_id
limit %(most)s;
