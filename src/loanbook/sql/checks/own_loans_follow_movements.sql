-- Status and paid_at of each loan made here follow from its movements and its classification.
create view api.check_own_loans_follow_movements as
with days as (
    select
        p.loan_id,
        p.effective_on as day,
        sum(sum(p.amount)) over (partition by p.loan_id order by p.effective_on) as paid
    from dm.payments as p
    where p.loan_id >= 1000000000
    group by p.loan_id, p.effective_on
),

since as (
    select
        d.loan_id,
        d.day,
        d.paid,
        min(d.paid) over (partition by d.loan_id order by d.day desc) as least_since
    from days as d
),

followed as (
    select
        l.loan_id,
        l.status,
        l.paid_on,
        min(s.day) filter (where s.least_since >= l.due_amount) as paid_from,
        l.classified_on is not null
        and coalesce((array_agg(s.paid order by s.day desc) filter (where s.day < l.classified_on))[1], 0)
        < l.due_amount as is_classified
    from dm.loans as l
    left join since as s on l.loan_id = s.loan_id
    where l.loan_id >= 1000000000 and l.status not in ('cancelled', 'written_off')
    group by l.loan_id, l.status, l.paid_on, l.due_amount, l.classified_on
)

select
    'loan' as subject,
    f.loan_id as subject_id,
    format('%s, paid on %s, where its movements say paid on %s', f.status, f.paid_on, f.paid_from) as detail
from followed as f
where
    (f.status, f.paid_on) is distinct from (
        case when f.paid_from is not null then 'paid' when f.is_classified then 'default' else 'ongoing' end,
        f.paid_from
    );
