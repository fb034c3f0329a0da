-- Each row of the mart has the record of its arrival, each payment that of its transaction.
create view api.check_every_row_is_audited as
with arrivals as (
    select
        t.relation,
        h.key
    from audit.changes as h
    inner join audit.statements as t on h.statement_id = t.statement_id
    where h.operation = 'I'
),

standing as (
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
        select from arrivals as a
        where a.relation = s.relation and a.key = s.key
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
