-- No step of a loan's cadence is told twice, nor a pay-off thanked for twice.
create view api.check_steps_told_once as
select
    'loan' as subject,
    e.loan_id as subject_id,
    format('%s %s of due date %s stands %s times', e.kind, e.step, e.due_on, count(*)) as detail
from ops.letter_loans as e
where e.state <> 'cancelled' and (e.step is not null or e.kind = 'paid_off')
group by e.loan_id, e.due_on, e.kind, e.step, e.channel
having count(*) > 1;
