-- Each client has one regular open loan at most, the oldest; any other names its finding.
create view api.check_one_regular_open_loan as
with open_loans as (
    select
        l.loan_id, l.user_id, l.exempt_from,
        row_number() over (partition by l.user_id order by l.created_at, l.loan_id) as place
    from dm.loans as l
    where l.status = 'ongoing'
)

select
    'loan' as subject,
    o.loan_id as subject_id,
    case
        when o.place = 1 then 'the oldest open loan of client ' || o.user_id || ' is exempt'
        else 'a further open loan of client ' || o.user_id || ' has no finding'
    end as detail
from open_loans as o
left join ops.findings as f
    on
        o.exempt_from = f.finding_id and f.subject = 'loan' and o.loan_id = f.subject_id
        and f.state in ('open', 'accepted')
where
    (o.place = 1 and o.exempt_from is not null)
    or (o.place > 1 and f.finding_id is null);
