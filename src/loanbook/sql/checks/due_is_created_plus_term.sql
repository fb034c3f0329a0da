-- Each loan runs its term to the second, 90 days where it came by file, unless a finding says so.
create view api.check_due_is_created_plus_term as
select
    'loan' as subject,
    l.loan_id as subject_id,
    format('from %s to %s', l.created_at, l.due_at) as detail
from dm.loans as l
where
    l.due_at <> l.created_at + coalesce(l.term_days, 90) * interval '1 day'
    and not exists (
        select from ops.findings as f
        where
            f.rule = 'loans_term_not_90_days' and f.subject_id = l.loan_id
            and f.state in ('open', 'accepted')
    );
