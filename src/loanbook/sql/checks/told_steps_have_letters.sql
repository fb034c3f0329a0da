-- A step is told exactly if its letter was sent, and no longer planned if that will not be sent; a
-- letter to a client was written for at least one loan.
create view api.check_told_steps_have_letters as
select
    'loan' as subject,
    e.loan_id as subject_id,
    format('step %s is %s, its letter %s is %s', e.step, e.state, e.letter_id, t.state) as detail
from ops.letter_loans as e
inner join ops.letters as t on e.letter_id = t.letter_id
where
    case t.state
        when 'sent' then e.state not in ('told', 'cancelled')
        when 'suppressed' then e.state <> 'cancelled'
        when 'cancelled' then e.state <> 'cancelled'
        else e.state not in ('planned', 'cancelled')
    end
union all
select
    'letter',
    t.letter_id,
    'no loan stands behind it'
from ops.letters as t
where
    t.user_id is not null
    and not exists (
        select from ops.letter_loans as e
        where
            e.letter_id = t.letter_id
            and (e.state <> 'cancelled' or t.state in ('suppressed', 'cancelled'))
    );
