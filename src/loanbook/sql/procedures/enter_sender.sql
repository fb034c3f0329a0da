-- Whoever carries letters is a sender: a session that holds a lock on its number until it ends. The
-- server drops the lock however the process ends, and the number is never given again: a letter
-- that was claimed by a number without a lock is nobody's.

create function api.enter_sender(p_host text, p_pid integer)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_sender bigint;
begin
    insert into ops.senders (host, pid, actor) values (p_host, p_pid, ops.actor())
    returning sender_id into v_sender;
    perform pg_advisory_lock(ops.lock_key('senders')::integer, v_sender::integer);
    return v_sender;
end;
$$;

-- Numbers of the senders that live; those of this session only, if asked.
create function ops.living_senders(p_here boolean default false)
returns bigint[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(l.objid::bigint), '{}')
    from pg_locks as l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
        and l.classid::bigint = ops.lock_key('senders')
        and (not p_here or l.pid = pg_backend_pid());
$$;

-- A sender leaves of its own accord, with nothing in hand.
create function api.leave_sender(p_sender_id bigint)
returns boolean
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    select pg_advisory_unlock(ops.lock_key('senders')::integer, p_sender_id::integer);
$$;

-- Letters whose sender lives no more may have been sent or not: a person decides. Says how many.
create function api.forsake_letters()
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_forsaken bigint;
    v_dead bigint[];
begin
    perform ops.actor();
    -- First who has claimed, then who lives: a sender that enters in between is not taken for dead.
    v_dead := array(select distinct t.sender_id from ops.letters as t where t.state = 'claimed');
    v_dead := array(select d.* from unnest(v_dead) as d except select l.* from unnest(ops.living_senders()) as l);
    update ops.letters as t
    set state = 'unknown', reason = 'its sender ended in the middle'
    where t.state = 'claimed' and t.sender_id = any(v_dead);
    get diagnostics v_forsaken = row_count;
    return v_forsaken;
end;
$$;
