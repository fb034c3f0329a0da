-- What is no longer needed goes: lines received, copies of files, steps of old runs. What is due is
-- said in one place; each act asks there again, so that nobody removes what the book still needs.
-- Counted from the book's business date. History of the mart never goes.

create function ops.purge_before(p_days integer)
returns date
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_days is null or p_days < 7 then
        perform ops.refuse('purge_keeps_a_week', 'What is younger than a week is kept: say 7 days or more.');
    end if;
    return (select k.business_date - p_days from ops.book as k);
end;
$$;

-- Batches that are decided, whose lines are still in the stage, and that are not the newest
-- accepted one of their source and kind.
create function ops.stages_due(p_days integer)
returns table (batch_id bigint, name text, business_date date, bytes bigint)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select b.batch_id, b.kind || '_' || b.batch_id, b.business_date, pg_total_relation_size(c.oid)
    from ops.batches as b
    inner join pg_class as c on c.oid = to_regclass(format('stage.%I', b.kind || '_' || b.batch_id))
    where b.state in ('accepted', 'refused') and b.business_date < ops.purge_before(p_days)
        and b.batch_id is distinct from ops.latest_batch(b.source, b.kind);
$$;

-- Copies that only decided batches of old days name, none of them the newest accepted one (with
-- which the next file is compared) or with lines open in quarantine.
create function ops.copies_due(p_days integer)
returns table (name text, business_date date)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select b.archived_as, max(b.business_date)
    from ops.batches as b
    where b.archived_as is not null
    group by b.archived_as
    having bool_and(
        b.state in ('accepted', 'refused')
        and b.business_date < ops.purge_before(p_days)
        and b.batch_id is distinct from ops.latest_batch(b.source, b.kind)
        and not exists (
            select from ops.quarantine as q where q.batch_id = b.batch_id and q.state = 'open'
        )
    );
$$;

-- Runs of old days whose steps are still in the journal; the runs themselves stay.
create function ops.steps_due(p_days integer)
returns table (run_id bigint, business_date date, steps bigint)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select r.run_id, r.business_date, count(*)
    from ops.runs as r
    inner join ops.run_steps as s on s.run_id = r.run_id
    where r.state <> 'running' and r.business_date < ops.purge_before(p_days)
    group by r.run_id;
$$;

create function api.stages_due(p_days integer)
returns table (batch_id bigint, name text, business_date date, bytes bigint)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select d.batch_id, d.name, d.business_date, d.bytes from ops.stages_due(p_days) as d order by d.batch_id;
$$;

create function api.copies_due(p_days integer)
returns table (name text, business_date date)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select d.name, d.business_date from ops.copies_due(p_days) as d order by d.business_date, d.name;
$$;

-- Which of these files in an archive no batch names, and from which day on they are kept. Nobody
-- knows a day of theirs but the clock of the disk.
create function api.unnamed_due(p_names text[], p_days integer)
returns table (name text, kept_from date)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select n.name, ops.purge_before(p_days)
    from unnest(p_names) as n (name)
    where ops.purge_before(p_days) is not null
        and not exists (select from ops.batches as b where b.archived_as = n.name)
    order by n.name;
$$;

-- From which day on what lies outside of the database is kept.
create function api.kept_from(p_days integer)
returns date
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select ops.purge_before(p_days);
$$;

create function api.steps_due(p_days integer)
returns table (run_id bigint, business_date date, steps bigint)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select d.run_id, d.business_date, d.steps from ops.steps_due(p_days) as d order by d.business_date;
$$;

-- The lines of one batch leave the stage.
create function api.purge_stage(p_batch_id bigint, p_days integer)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
begin
    perform pg_advisory_xact_lock(ops.lock_key('stage'));
    select d.name into v_name from ops.stages_due(p_days) as d where d.batch_id = p_batch_id;
    if v_name is null then
        perform ops.refuse('purge_is_due', format('The stage of batch %s is not due to go.', p_batch_id));
    end if;
    execute format('drop table stage.%I', v_name);
end;
$$;

-- The book forgets that the archive has a copy; whoever calls removes the file before the commit.
create function api.purge_copy(p_name text, p_days integer)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(ops.lock_key('stage'));
    if not exists (select from ops.copies_due(p_days) as d where d.name = p_name) then
        perform ops.refuse('purge_is_due', format('The copy %s is not due to go.', p_name));
    end if;
    update ops.batches as b set archived_as = null where b.archived_as = p_name;
end;
$$;

-- The steps of one run leave the journal.
create function api.purge_steps(p_run_id bigint, p_days integer)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from ops.steps_due(p_days) as d where d.run_id = p_run_id) then
        perform ops.refuse('purge_is_due', format('The steps of run %s are not due to go.', p_run_id));
    end if;
    delete from ops.run_steps as s where s.run_id = p_run_id;
end;
$$;
