-- The journal of runs. Who may run is told by a lock of the session, which the server drops with
-- the connection however its process ends; the journal says who holds it, and what was done.

-- Takes the lock, or says that somebody else holds it; with p_wait it waits for it.
create function api.claim_runs(p_wait boolean default false)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_wait then
        perform pg_advisory_lock(ops.lock_key('run'));
        return true;
    end if;
    return pg_try_advisory_lock(ops.lock_key('run'));
end;
$$;

create function api.release_runs()
returns boolean
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    select pg_advisory_unlock(ops.lock_key('run'));
$$;

-- Whether some session holds the lock, and whether that is this one.
create function api.runs_are_claimed(p_here boolean default false)
returns boolean
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_locks as l
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
            and l.database = (select d.oid from pg_database as d where d.datname = current_database())
            and (l.classid::bigint << 32) + l.objid::bigint = ops.lock_key('run')
            and (not p_here or l.pid = pg_backend_pid())
    );
$$;

-- The run of a day begins, anew or for the first time; what is still called running has died.
create function api.begin_run(
    p_business_date date, p_host text, p_pid integer, out run_id bigint, out attempt integer
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not api.runs_are_claimed(p_here => true) then
        perform ops.refuse('run_is_claimed', 'A run begins only in a session that has claimed the runs.');
    end if;
    perform ops.day_of_action(p_business_date);
    perform api.refuse_earlier_day(p_business_date);
    perform ops.refuse_future(p_business_date, 'A run');
    perform ops.bury_runs();
    insert into ops.runs as r (business_date, actor, host, pid)
    values (p_business_date, ops.actor(), p_host, p_pid)
    on conflict (business_date) do update
    set attempt = r.attempt + 1, state = 'running', actor = excluded.actor, host = excluded.host,
        pid = excluded.pid, resumed_at = clock_timestamp(), ended_at = null, error = null
    returning r.run_id, r.attempt into begin_run.run_id, begin_run.attempt;
end;
$$;

-- Whoever claims the runs may say so: whatever was running before has died.
create function ops.bury_runs()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update ops.run_steps as s
    set state = 'died', ended_at = clock_timestamp(), error = 'its process ended in the middle'
    where s.state = 'running';
    update ops.runs as r
    set state = 'died', ended_at = clock_timestamp(), error = 'its process ended in the middle'
    where r.state = 'running';
$$;

create function ops.running(p_run_id bigint)
returns ops.runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select * into v_run from ops.runs as r where r.run_id = p_run_id for update;
    if v_run.state is distinct from 'running' or not api.runs_are_claimed(p_here => true) then
        perform ops.refuse('run_is_running', format('Run %s is not being done in this session.', p_run_id));
    end if;
    return v_run;
end;
$$;

-- How far the audit has come: two equal marks say that nobody changed the mart in between.
create function ops.mark()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select count(*)::text || ' ' || coalesce(max(s.statement_id), 0) from audit.statements as s;
$$;

-- A step begins. With p_may_keep it does not, if an earlier attempt has done it and nothing of the
-- mart has changed since: then it is kept, with what it counted then.
create function api.begin_step(
    p_run_id bigint, p_step text, p_place integer, p_needs text[] default '{}',
    p_inputs jsonb default '{}', p_may_keep boolean default false,
    out state text, out counts jsonb, out begun_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops.running(p_run_id);
    v_before ops.run_steps;
begin
    if p_may_keep then
        select * into v_before from ops.run_steps as s
        where s.run_id = p_run_id and s.step = p_step and s.state in ('done', 'kept')
            and s.mark = ops.mark() and s.inputs = p_inputs
        order by s.attempt desc limit 1;
    end if;
    insert into ops.run_steps as s (
        run_id, attempt, place, step, needs, inputs, state, counts, mark, begun_at, ended_at
    )
    select
        p_run_id, v_run.attempt, p_place, p_step, p_needs, p_inputs,
        case when v_before.run_id is null then 'running' else 'kept' end,
        coalesce(v_before.counts, '{}'), v_before.mark, t.now,
        case when v_before.run_id is not null then t.now end
    from (values (clock_timestamp())) as t (now)
    returning s.state, s.counts, s.begun_at into begin_step.state, begin_step.counts, begin_step.begun_at;
end;
$$;

-- A step has ended: done, flawed or failed.
create function api.end_step(
    p_run_id bigint, p_step text, p_state text, p_counts jsonb default '{}', p_error text default null,
    out ended_at timestamptz, out seconds numeric
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops.running(p_run_id);
begin
    update ops.run_steps as s
    set state = p_state, counts = p_counts, error = p_error, ended_at = clock_timestamp(),
        mark = ops.mark()
    where s.run_id = p_run_id and s.attempt = v_run.attempt and s.step = p_step and s.state = 'running'
    returning s.ended_at, round(extract(epoch from s.ended_at - s.begun_at), 3)
    into end_step.ended_at, end_step.seconds;
    if end_step.ended_at is null then
        perform ops.refuse('step_is_running', format('Step %s of run %s is not being done.', p_step, p_run_id));
    end if;
end;
$$;

-- A step is not even begun, because another that it needs did not do its work.
create function api.skip_step(
    p_run_id bigint, p_step text, p_place integer, p_needs text[], p_error text
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops.running(p_run_id);
begin
    insert into ops.run_steps (run_id, attempt, place, step, needs, state, error, ended_at)
    values (p_run_id, v_run.attempt, p_place, p_step, p_needs, 'skipped', p_error, clock_timestamp());
end;
$$;

-- The run has ended: done, unless some step of this attempt did not do all that it should.
create function api.end_run(p_run_id bigint, p_error text default null, out state text, out error text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops.running(p_run_id);
begin
    update ops.run_steps as s set state = 'failed', ended_at = clock_timestamp(),
        error = coalesce(p_error, 'the run ended before it')
    where s.run_id = p_run_id and s.state = 'running';
    error := coalesce(p_error, (
        select string_agg(format('%s %s: %s', s.step, s.state, s.error), '; ' order by s.place)
        from ops.run_steps as s
        where s.run_id = p_run_id and s.attempt = v_run.attempt and s.state in ('flawed', 'failed')
    ));
    update ops.runs as r
    set state = case when end_run.error is null then 'done' else 'failed' end, error = end_run.error,
        ended_at = clock_timestamp()
    where r.run_id = p_run_id
    returning r.state into end_run.state;
end;
$$;
