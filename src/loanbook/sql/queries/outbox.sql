-- name: enter
select api.enter_sender(%(host)s, %(pid)s);

-- name: leave
select api.leave_sender(%(sender_id)s);

-- name: forsake
select api.forsake_letters();

-- name: claim
select
    c.letter_id,
    c.kind,
    c.user_id,
    c.local_date,
    c.address,
    c.name,
    c.locale,
    c.optional,
    c.attempt,
    c.loans,
    c.about
from api.claim_letters(%(sender_id)s, 'email', %(now)s, %(most)s, %(rules)s::jsonb) as c;

-- name: mark
select api.mark_letters(%(sender_id)s, %(fates)s::jsonb, %(now)s, %(retries)s, %(backoff)s);

-- name: queue_team_letter
select api.queue_team_letter(%(kind)s, %(once)s, %(recipient)s, %(local_date)s, %(about)s::jsonb);

-- name: listed
select
    t.letter_id,
    t.kind,
    t.channel,
    t.user_id,
    t.local_date,
    t.recipient,
    t.about,
    t.optional,
    t.by_hand,
    t.state,
    t.attempts,
    t.due_from,
    t.sender_id,
    t.message_id,
    t.reason,
    t.actor,
    t.created_at,
    t.claimed_at,
    t.ended_at,
    t.bounced_at
from api.letters as t
where
    (%(states)s::text[] is null or t.state = any(%(states)s::text[]))
    and (%(user_id)s::bigint is null or t.user_id = %(user_id)s::bigint)
    and (%(day)s::date is null or t.local_date = %(day)s::date)
    and (%(before)s::bigint is null or t.letter_id < %(before)s::bigint)
order by t.letter_id desc
limit %(most)s;

-- name: counts
select
    t.state,
    count(*) as letters
from api.letters as t
where
    (%(user_id)s::bigint is null or t.user_id = %(user_id)s::bigint)
    and (%(day)s::date is null or t.local_date = %(day)s::date)
group by t.state
order by t.state;

-- name: shown
select
    t.letter_id,
    t.kind,
    t.channel,
    t.user_id,
    t.local_date,
    t.recipient,
    t.about,
    t.optional,
    t.by_hand,
    t.state,
    t.attempts,
    t.due_from,
    t.sender_id,
    t.message_id,
    t.reason,
    t.actor,
    t.created_at,
    t.claimed_at,
    t.ended_at,
    t.bounced_at
from api.letters as t
where t.letter_id = %(letter_id)s;

-- name: told_loans
select
    e.loan_id,
    e.due_on,
    e.kind,
    e.step,
    e.state
from api.letter_loans as e
where e.letter_id = %(letter_id)s
order by e.due_on, e.loan_id;

-- name: events
select
    v.at,
    v.state_before,
    v.state,
    v.actor,
    v.reason
from api.letter_events as v
where v.letter_id = %(letter_id)s
order by v.event_id;

-- name: resolve
select api.resolve_letter(%(letter_id)s, %(state)s, %(reason)s, %(now)s);

-- name: retry
select api.retry_letter(%(letter_id)s, %(reason)s, %(now)s);

-- name: suppress
select api.suppress_address(%(address)s, %(reason)s);

-- name: lift
select api.lift_suppression(%(address)s);

-- name: note_bounce
select api.note_bounce(%(reason)s, %(message_id)s, %(letter_id)s);
