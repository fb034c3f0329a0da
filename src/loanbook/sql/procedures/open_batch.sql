-- A batch begins: its number and its landing partition. A file whose digest an accepted (or still
-- waiting) batch of its source and kind bears is not opened again, unless asked for. Of a file that a
-- source gave at an instant, only batches since then count, and what the mart reflects: what came,
-- went and came back is to be taken again, but once.
create function api.open_batch(
    p_source text, p_kind text, p_file_name text, p_digest text, p_business_date date,
    p_is_full boolean, p_columns text[], p_delimiter text,
    p_archived_as text default null, p_again boolean default false, p_is_retry boolean default false,
    p_compared_with bigint default null, p_given_at timestamptz default null,
    out batch_id bigint, out known_batch bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_given_up bigint [];
begin
    -- One file is staged at a time, so that the same file from two sides is seen as the same.
    perform pg_advisory_xact_lock(ops.lock_key('stage'));
    v_given_up := ops.give_up_unloadable(p_source, p_kind, p_digest);
    if not p_again then
        select max(b.batch_id) into known_batch
        from ops.batches as b
        where b.source = p_source and b.kind = p_kind and b.digest = p_digest
            and b.state in ('staged', 'accepted')
            and (
                p_given_at is null or b.opened_at >= p_given_at or b.state = 'staged'
                or b.batch_id = ops.latest_batch(p_source, p_kind)
            );
        if known_batch is not null then
            perform ops.close_given_up(v_given_up, known_batch);
            return;
        end if;
    else
        -- Whether its stage is whole or was lost: the same file is not to be loaded twice.
        with given_up as (
            update ops.batches as b
            set state = 'refused', refusal = 'its file was staged again', finished_at = now()
            where b.source = p_source and b.kind = p_kind and b.digest = p_digest and b.state = 'staged'
            returning b.batch_id
        )
        select v_given_up || array_agg(g.batch_id) into v_given_up from given_up as g;
    end if;
    insert into ops.batches (
        source, kind, file_name, digest, business_date, is_full, is_retry, columns, delimiter,
        archived_as, actor, compared_with
    )
    values (
        p_source, p_kind, p_file_name, p_digest, p_business_date, p_is_full, p_is_retry, p_columns,
        p_delimiter, p_archived_as, ops.actor(), p_compared_with
    )
    returning batches.batch_id into batch_id;
    perform ops.close_given_up(v_given_up, batch_id);
    -- Made apart and attached, so that nobody who reads the stage has to wait.
    execute format(
        'create unlogged table stage.%1$I (like stage.%2$I including defaults including constraints);
        alter table stage.%1$I alter column batch_id set default %3$s;
        alter table stage.%2$I attach partition stage.%1$I for values in (%3$s);
        grant insert on stage.%1$I to loanbook_app',
        p_kind || '_' || batch_id, p_kind, batch_id
    );
end;
$$;

-- A waiting batch that can no longer be loaded gives way to its file, which has come again: a crash
-- of the server emptied its stage, or another batch was accepted since its lines were compared.
-- Returns the batches that were given up.
create function ops.give_up_unloadable(p_source text, p_kind text, p_digest text)
returns bigint[]
language sql
set search_path = pg_catalog, pg_temp
as $$
    with given_up as (
        update ops.batches as b
        set state = 'refused', refusal = 'it could no longer be loaded; its file was staged again',
            finished_at = now()
        where b.source = p_source and b.kind = p_kind and b.digest = p_digest and b.state = 'staged'
            and (
                ops.staged_lines(b) <> b.lines - b.carried
                or b.compared_with <> ops.latest_batch(p_source, p_kind)
            )
        returning b.batch_id
    )
    select coalesce(array_agg(g.batch_id), '{}') from given_up as g;
$$;

-- The refused lines of batches that were given up are closed as retried: the batch that answers for
-- the same bytes has tried the same lines, under the same numbers, so each is open once and not
-- twice. No line goes out of view by it: a batch is given up only in the transaction in which its
-- file is here again, and if that comes to nothing neither happened. A file that does not come again
-- leaves its batch waiting and its lines open, whether its stage was lost or not.
create function ops.close_given_up(p_batches bigint[], p_successor bigint)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update ops.quarantine as q set state = 'retried', closed_by = p_successor, closed_at = now()
    where q.batch_id = any(p_batches) and q.state = 'open';
$$;
