-- Letters, as programs and people read them: without personal data of clients.

create view api.letters as
select
    t.letter_id, t.kind, t.channel, t.user_id, t.local_date, t.recipient, t.about, t.optional, t.by_hand,
    t.state, t.attempts, t.due_from, t.sender_id, t.message_id, t.reason, t.actor, t.created_at,
    t.claimed_at, t.ended_at, t.bounced_at
from ops.letters as t;
comment on view api.letters is 'One row per letter: planned, on its way, or ended.';

create view api.letter_loans as
select e.letter_id, e.loan_id, e.due_on, e.kind, e.step, e.channel, e.state, e.noted_on
from ops.letter_loans as e;
comment on view api.letter_loans is
'One row per loan that a letter was written for, with its step, and per step that was missed.';

create view api.letter_events as
select v.event_id, v.letter_id, v.at, v.state_before, v.state, v.actor, v.reason
from ops.letter_events as v;
comment on view api.letter_events is 'One row per change of a letter''s state.';

create view api.senders as
select s.sender_id, s.host, s.pid, s.actor, s.entered_at
from ops.senders as s;
comment on view api.senders is 'One row per session that ever carried letters.';

create view api.disputes as
select d.dispute_id, d.loan_id, d.opened_at, d.reason, d.actor, d.settled_at, d.settled_by, d.settlement
from ops.disputes as d;
comment on view api.disputes is 'One row per dispute about a loan.';

create view ops.standing_causes as
select
    e.letter_id,
    e.loan_id,
    e.step,
    d.loan_id is not null as is_disputed
from ops.letter_loans as e
inner join dm.loans as l on e.loan_id = l.loan_id and e.due_on = l.due_on
left join ops.disputes as d on e.loan_id = d.loan_id and d.settled_at is null
where
    e.state = 'planned'
    and case e.kind
        when 'paid_off' then l.status = 'paid'
        else l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid
    end;
comment on view ops.standing_causes is
'One row per loan that a letter on its way was planned for, as far as there still is cause.';
