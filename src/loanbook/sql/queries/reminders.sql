-- name: due
select
    d.user_id,
    d.local_date,
    d.kind,
    d.outcome,
    d.optional,
    d.balance,
    d.days_left,
    d.step,
    d.loans
from api.reminders_due(%(as_of)s, %(now)s, %(rules)s::jsonb) as d
order by d.user_id;

-- name: queue
select
    q.outcome,
    q.clients
from api.queue_reminders(%(as_of)s, %(now)s, %(rules)s::jsonb, %(user_id)s) as q
order by q.outcome;

-- name: gate
select api.letters_gate(%(as_of)s, %(now)s, %(rules)s::jsonb);

-- name: opt_out
select api.opt_out(%(user_id)s, %(reason)s);
