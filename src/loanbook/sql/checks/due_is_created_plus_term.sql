-- Each loan runs 90 days to the second, unless a finding says so.
create view api.check_due_is_created_plus_term as
select
    'loan' as subject,
    l.loan_id as subject_id,
    format('from %s to %s', l.created_at, l.due_at) as detail
from dm.loans as l
where
    l.due_at <> l.created_at + interval '90 days'
    and not exists (
        select from ops.findings as f
        where
            f.rule = 'loans_term_not_90_days' and f.subject_id = l.loan_id
            and f.state in ('open', 'accepted')
    );
