-- name: post
select
    p.payment_id,
    %(loan_id)s::bigint as loan_id,
    p.effective_on,
    p.status,
    p.balance
from api.post_payment(%(loan_id)s, %(amount)s, %(day)s, %(key)s) as p;

-- name: reverse
select
    p.payment_id,
    p.loan_id,
    p.effective_on,
    p.status,
    p.balance
from api.reverse_payment(%(payment_id)s, %(reason)s, %(day)s, %(key)s) as p;

-- name: listed
with of_client as (
    select l.loan_id
    from api.loans as l
    where l.user_id = %(client)s::bigint
)

select
    p.payment_id,
    p.loan_id,
    p.kind,
    p.amount,
    p.effective_on,
    p.recorded_at,
    p.actor,
    p.reason,
    p.batch_id,
    p.reverses_id,
    p.reversed_by,
    p.idempotency_key
from api.payments as p
where
    p.payment_id > %(after)s
    and (%(loan_id)s::bigint is null or p.loan_id = %(loan_id)s::bigint)
    and (%(client)s::bigint is null or p.loan_id in (select c.loan_id from of_client as c))
    and (%(since)s::date is null or p.effective_on >= %(since)s::date)
    and (%(until)s::date is null or p.effective_on <= %(until)s::date)
order by p.payment_id
limit %(most)s;
