-- Each letter has a first event, each event follows the one before, and the last is the letter's state.
create view api.check_letters_follow_events as
with told as (
    select
        v.letter_id,
        v.event_id,
        v.state_before,
        v.state,
        lag(v.state) over letter as state_of_last,
        lead(v.event_id) over letter as next_event
    from ops.letter_events as v
    window letter as (partition by v.letter_id order by v.event_id)
)

select
    'letter' as subject,
    t.letter_id as subject_id,
    format('it is %s, its last event says %s', t.state, coalesce(e.state, 'nothing')) as detail
from ops.letters as t
left join told as e on t.letter_id = e.letter_id and e.next_event is null
where e.state is distinct from t.state
union all
select
    'letter',
    e.letter_id,
    format('event %s begins at %s', e.event_id, coalesce(e.state_before, 'nothing'))
from told as e
where e.state_before is distinct from e.state_of_last;
