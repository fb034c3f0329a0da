-- Each loan and contact has its client, each payment its loan and its batch.
create view api.check_no_orphans as
select
    'loan' as subject,
    l.loan_id as subject_id,
    'no client ' || l.user_id as detail
from dm.loans as l
where
    not exists (
        select from dm.clients as c
        where c.user_id = l.user_id
    )
union all
select
    'contact',
    k.user_id,
    'no client ' || k.user_id
from dm.contacts as k
where
    not exists (
        select from dm.clients as c
        where c.user_id = k.user_id
    )
union all
select
    'payment',
    p.payment_id,
    'no loan ' || p.loan_id
from dm.payments as p
where
    not exists (
        select from dm.loans as l
        where l.loan_id = p.loan_id
    )
union all
select
    'payment',
    p.payment_id,
    'no batch ' || p.batch_id
from dm.payments as p
where
    p.batch_id is not null
    and not exists (
        select from ops.batches as b
        where b.batch_id = p.batch_id
    );
