-- Each loan's payments add up to its amount_paid.
create view api.check_payments_match_amount_paid as
select
    'loan' as subject,
    l.loan_id as subject_id,
    format('amount_paid %s, payments %s', l.amount_paid, coalesce(p.paid, 0)) as detail
from dm.loans as l
left join (
    select
        m.loan_id,
        sum(m.amount) as paid
    from dm.payments as m
    group by m.loan_id
) as p on l.loan_id = p.loan_id
where l.amount_paid <> coalesce(p.paid, 0);
