-- Each row of the mart has the record of its arrival, each payment that of its transaction.
create view api.check_every_row_is_audited as
with standing as (
    select
        'clients' as relation,
        c.user_id as key
    from dm.clients as c
    union all
    select
        'contacts',
        k.user_id
    from dm.contacts as k
    union all
    select
        'loans',
        l.loan_id
    from dm.loans as l
)

select
    rtrim(s.relation, 's') as subject,
    s.key as subject_id,
    'no record of its arrival' as detail
from standing as s
where
    not exists (
        select from audit.changes as h
        where h.relation = s.relation and h.key = s.key and h.operation = 'I'
    )
union all
select
    'payment',
    p.payment_id,
    'nobody recorded it'
from dm.payments as p
where not exists (
    select from audit.statements as t
    where t.relation = 'payments' and t.transaction_id = p.transaction_id
);
