-- What Loanbook's mart holds, in figures that the mart of today's practice must repeat.
select
    'clients' as name,
    concat_ws(
        ' ',
        count(*), sum(c.user_id), sum(c.batch), sum(c.credit_limit), sum(c.interest_rate),
        count(*) filter (where c.status = 'denied'), count(c.denied_reason),
        sum(extract(epoch from c.created_at)), sum(extract(epoch from c.denied_at))
    ) as figures
from dm.clients as c
union all
select
    'loans',
    concat_ws(
        ' ',
        count(*), sum(l.loan_id), sum(l.user_id), sum(l.loan_amount), sum(l.tax),
        sum(l.due_amount), sum(l.amount_paid), count(*) filter (where l.status = 'paid'),
        count(*) filter (where l.status = 'default'), count(l.paid_at),
        sum(extract(epoch from l.created_at)), sum(extract(epoch from l.due_at)),
        sum(extract(epoch from l.paid_at))
    )
from dm.loans as l;
