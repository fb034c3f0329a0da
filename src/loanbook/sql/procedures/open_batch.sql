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
begin
    -- One file is staged at a time, so that the same file from two sides is seen as the same.
    perform pg_advisory_xact_lock(ops.lock_key('stage'));
    perform ops.give_up_unloadable(p_source, p_kind, p_digest);
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
            return;
        end if;
    else
        -- Whether its stage is whole or was lost: the same file is not to be loaded twice.
        update ops.batches as b
        set state = 'refused', refusal = 'its file was staged again', finished_at = now()
        where b.source = p_source and b.kind = p_kind and b.digest = p_digest and b.state = 'staged';
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
    -- The same bytes have come again: this batch answers for each of their lines, so that a refused
    -- one is open once. Lines that are tried again are closed when that has come to something.
    update ops.quarantine as q
    set state = 'superseded', closed_by = open_batch.batch_id, closed_at = now()
    from ops.batches as b
    where not p_is_retry and b.source = p_source and b.kind = p_kind and b.digest = p_digest
        and b.batch_id <> open_batch.batch_id and q.batch_id = b.batch_id and q.state = 'open';
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
create function ops.give_up_unloadable(p_source text, p_kind text, p_digest text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update ops.batches as b
    set state = 'refused', refusal = 'it could no longer be loaded; its file was staged again',
        finished_at = now()
    where b.source = p_source and b.kind = p_kind and b.digest = p_digest and b.state = 'staged'
        and (
            not ops.stage_stands(b)
            or b.compared_with <> ops.latest_batch(p_source, p_kind)
        );
$$;
