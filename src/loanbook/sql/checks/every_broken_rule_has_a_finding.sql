-- What a business rule finds at a loan stands as a finding: nothing wrong goes unsaid.
create view api.check_every_broken_rule_has_a_finding as
select
    'loan' as subject,
    b.loan_id as subject_id,
    b.rule || ': ' || b.detail as detail
from ops.found_in_loans as b
where not exists (
    select from ops.findings as f
    where
        f.rule = b.rule and f.subject = 'loan' and f.subject_id = b.loan_id
        and f.state in ('open', 'accepted')
);
