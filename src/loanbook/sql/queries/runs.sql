-- The journal of runs, written and read.
-- A run whose process or machine is gone is to free its claim soon, not when TCP gives up.
-- name: notice_death
select
    set_config('client_connection_check_interval', '2s', false),
    set_config('tcp_keepalives_idle', '60', false),
    set_config('tcp_keepalives_interval', '10', false),
    set_config('tcp_keepalives_count', '6', false);

-- name: claim
select api.claim_runs(%(wait)s);

-- name: release
select api.release_runs();

-- name: business_date
select k.business_date from api.book as k;

-- name: limit_statements
select set_config('statement_timeout', %(milliseconds)s, false);

-- name: begin_run
select
    r.run_id,
    r.attempt
from api.begin_run(%(business_date)s, %(host)s, %(pid)s) as r;

-- name: end_run
select
    r.state,
    r.error
from api.end_run(%(run_id)s, %(error)s) as r;

-- name: begin_step
select
    s.state,
    s.counts
from api.begin_step(
    %(run_id)s, %(step)s, %(place)s, %(needs)s, %(inputs)s::jsonb, %(may_keep)s
) as s;

-- name: end_step
select s.seconds
from api.end_step(%(run_id)s, %(step)s, %(state)s, %(counts)s::jsonb, %(error)s) as s;

-- name: skip_step
select api.skip_step(%(run_id)s, %(step)s, %(place)s, %(needs)s, %(error)s);

-- name: record_day
select
    r.loans,
    r.recorded
from api.record_day(%(run_id)s, %(as_of)s) as r;

-- name: runs
select
    r.run_id,
    r.business_date,
    r.attempt,
    r.state,
    r.actor,
    r.host,
    r.pid,
    r.begun_at,
    r.resumed_at,
    r.ended_at,
    r.error
from api.runs as r
where
    r.business_date = coalesce(%(business_date)s::date, r.business_date)
    and r.state = any(coalesce(%(states)s::text[], array[r.state]))
order by r.business_date desc
limit %(most)s;

-- name: run_steps
select
    s.attempt,
    s.step,
    s.needs,
    s.state,
    s.inputs,
    s.counts,
    s.begun_at,
    s.ended_at,
    s.seconds,
    s.error
from api.run_steps as s
where s.run_id = %(run_id)s
order by s.attempt, s.place;

-- name: gate
select
    g.sound,
    g.reason
from api.book_is_sound(%(as_of)s) as g;

-- name: letters_wait
select count(*) > 0
from api.letters as t
where t.state in ('planned', 'failed') and t.due_from <= %(now)s;
