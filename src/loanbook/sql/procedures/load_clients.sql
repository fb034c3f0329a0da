-- All rules that a staged client breaks by itself; empty if it may enter the mart.
-- The names are those of the mart's constraints wherever one guards the same.
create function ops.client_faults(s stage.clients)
returns text[]
language sql immutable
as $$
    select array_remove(array[
        case when s.user_id is null then 'clients_user_id_missing'
            when s.user_id not between 1 and 999999999 then 'clients_user_id_owner' end,
        case when s.created_at is null then 'clients_created_at_missing'
            when s.created_at < '1900-01-01' or s.created_at >= '2200-01-01'
                then 'clients_created_at_range' end,
        case when s.status is null then 'clients_status_missing'
            when s.status not in ('approved', 'denied') then 'clients_status_known' end,
        case when s.batch is null then 'clients_batch_missing'
            when s.batch <= 0 then 'clients_batch_positive' end,
        case when s.credit_limit is null then 'clients_credit_limit_missing'
            when s.credit_limit < 0 or s.credit_limit >= 1e12 then 'clients_credit_limit_valid'
            when scale(s.credit_limit) > 2 and s.credit_limit <> round(s.credit_limit, 2)
                then 'clients_credit_limit_two_decimals' end,
        case when s.interest_rate is null then 'clients_interest_rate_missing'
            when s.interest_rate < 0 or s.interest_rate > 10000 then 'clients_interest_rate_valid'
            when scale(s.interest_rate) > 4 and s.interest_rate <> round(s.interest_rate, 4)
                then 'clients_interest_rate_four_decimals' end,
        case when s.status = 'denied' and s.denied_at is null then 'clients_denial_dated' end,
        case when s.status = 'approved' and (s.denied_at is not null or s.denied_reason is not null)
            then 'clients_approved_undenied' end,
        case when length(s.denied_reason) > 200 then 'clients_denied_reason_short' end,
        case when s.denied_at < '1900-01-01' or s.denied_at >= '2200-01-01'
            then 'clients_denied_at_range' end
    ], null);
$$;

-- Clients, stage to mart: inserts what is new, updates what differs, deletes as far as a full file
-- may. File, merge base and mart are merged field by field, so that neither an amendment made here
-- nor a change at the source is lost. One batch, in the caller's transaction.
create function api.load_clients(p_batch_id bigint, p_allow_deletions boolean default false)
returns ops.batches
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_batch ops.batches := ops.begin_load(p_batch_id, 'clients');
    v_into_empty boolean := not exists (select from dm.clients);
    v_repeats bigint [] := ops.repeated_keys(v_batch);
    v_refusal text;
    v_inserted bigint;
    v_deleted bigint;
begin
    perform ops.find_fresh_lines(v_batch, v_repeats, v_into_empty);
    update stage.clients as s
    set set_aside = 'quarantined', faults = ops.merged_faults(s.faults, ops.client_faults(s))
    where s.batch_id = p_batch_id and (
        s.set_aside is not null
        or (v_into_empty or s.line_no in (select f.line_no from pg_temp.fresh_lines as f))
        and ops.client_faults(s) <> '{}'
    );
    perform ops.set_aside_repeats(v_batch, v_repeats);
    update stage.clients as s
    set set_aside = 'quarantined', faults = s.faults || 'clients_other_owner'::text
    from dm.clients as c
    where s.batch_id = p_batch_id and c.user_id = s.user_id and c.owner <> v_batch.source
        and (
            s.set_aside = 'quarantined'
            or s.set_aside is null and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
        );

    v_refusal := coalesce(ops.refusal_of(v_batch), ops.find_gone_clients(v_batch, p_allow_deletions));
    if v_refusal is not null then
        return ops.refuse_batch(v_batch, v_refusal);
    end if;
    if v_into_empty then
        perform ops.relax_table('dm.clients');
        perform ops.relax_table('audit.clients');
    else
        perform ops.update_clients(v_batch);
    end if;
    insert into dm.clients (
        user_id, created_at, status, batch, credit_limit, interest_rate, denied_reason, denied_at, owner
    )
    select
        s.user_id, s.created_at, s.status, s.batch, s.credit_limit, s.interest_rate,
        s.denied_reason, s.denied_at, v_batch.source
    from stage.clients as s
    left join dm.clients as c on c.user_id = s.user_id and not v_into_empty
    where s.batch_id = p_batch_id and s.set_aside is null and c.user_id is null
        and (v_into_empty or s.line_no in (select f.line_no from pg_temp.fresh_lines as f));
    get diagnostics v_inserted = row_count;
    perform ops.count_lines('inserted', v_inserted);
    if v_into_empty then
        perform ops.analyze('dm.clients');
        perform ops.restore_tables();
    end if;
    v_deleted := ops.delete_gone_clients();

    perform ops.note_client_findings(v_batch);
    perform ops.judge_loans_of_clients(v_batch);
    perform ops.total_batch(v_batch);
    return ops.finish_load(v_batch, v_deleted);
end;
$$;

-- The three-way merge: a field that the source changed since its last delivery is taken from the
-- file, any other keeps what an officer made of it. Status and denial move as one unit.
create function ops.update_clients(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_matched bigint;
    v_updated bigint;
begin
    -- First the locks, in key order, so that the merge below sees what officers have committed;
    -- clients with a merge base too, as their base may be dropped.
    perform c.user_id
    from dm.clients as c
    where c.user_id = any(array(
        select s.user_id from stage.clients as s
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
        union all
        select b.user_id from stage.clients_base as b
    ))
    order by c.user_id
    for no key update of c;

    perform ops.note_overruled_clients(p_batch);

    with merged as (
        select
            c.user_id,
            case when b.user_id is null or s.created_at is distinct from b.created_at
                then s.created_at else c.created_at end as created_at,
            case when b.user_id is null or s.batch is distinct from b.batch
                then s.batch else c.batch end as batch,
            case when b.user_id is null or s.credit_limit is distinct from b.credit_limit
                then s.credit_limit else c.credit_limit end as credit_limit,
            case when b.user_id is null or s.interest_rate is distinct from b.interest_rate
                then s.interest_rate else c.interest_rate end as interest_rate,
            case when u.takes_file then s.status else c.status end as status,
            case when u.takes_file then s.denied_reason else c.denied_reason end as denied_reason,
            case when u.takes_file then s.denied_at else c.denied_at end as denied_at
        from stage.clients as s
        inner join dm.clients as c on c.user_id = s.user_id
        left join stage.clients_base as b on b.user_id = s.user_id
        cross join lateral (
            select b.user_id is null
                or (s.status, s.denied_reason, s.denied_at)
                is distinct from (b.status, b.denied_reason, b.denied_at)
                as takes_file
        ) as u
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
    ), updated as (
        update dm.clients as c
        set created_at = m.created_at, status = m.status, batch = m.batch, credit_limit = m.credit_limit,
            interest_rate = m.interest_rate, denied_reason = m.denied_reason, denied_at = m.denied_at,
            version = c.version + 1
        from merged as m
        where c.user_id = m.user_id and c.user_id = any(array(select a.user_id from merged as a))
            and (c.created_at, c.status, c.batch, c.credit_limit, c.interest_rate, c.denied_reason, c.denied_at)
            is distinct from
            (m.created_at, m.status, m.batch, m.credit_limit, m.interest_rate, m.denied_reason, m.denied_at)
        returning c.user_id
    )
    select (select count(*) from merged), (select count(*) from updated) into v_matched, v_updated;
    perform ops.count_lines('updated', v_updated);
    perform ops.count_lines('unchanged', v_matched - v_updated); -- what officers made of them stands

    -- The base is what the source says now; it has served when source and mart agree again.
    update stage.clients_base as b
    set created_at = s.created_at, status = s.status, batch = s.batch, credit_limit = s.credit_limit,
        interest_rate = s.interest_rate, denied_reason = s.denied_reason, denied_at = s.denied_at
    from stage.clients as s
    where s.batch_id = p_batch.batch_id and s.set_aside is null and s.user_id = b.user_id;
    delete from stage.clients_base as b
    using dm.clients as c
    where c.user_id = b.user_id and c.owner = p_batch.source
        and (c.created_at, c.status, c.batch, c.credit_limit, c.interest_rate, c.denied_reason, c.denied_at)
        is not distinct from
        (b.created_at, b.status, b.batch, b.credit_limit, b.interest_rate, b.denied_reason, b.denied_at);
end;
$$;

-- Where source and officer changed the same field to different values the source wins, and a
-- finding tells what was overruled.
create function ops.note_overruled_clients(p_batch ops.batches)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select
        'clients_amendment_overruled', 'client', c.user_id,
        string_agg(
            format(
                '%s: %s here, %s from %s',
                f.name, coalesce(f.here, 'blank'), coalesce(f.file, 'blank'), p_batch.source
            ), '; ' order by f.place
        ),
        p_batch.batch_id, p_batch.batch_id
    from stage.clients_base as b
    inner join dm.clients as c on c.user_id = b.user_id
    inner join stage.clients as s on s.user_id = b.user_id
    cross join lateral (
        values
        (1, 'created_at', b.created_at::text, c.created_at::text, s.created_at::text),
        (2, 'batch', b.batch::text, c.batch::text, s.batch::text),
        (3, 'credit_limit', b.credit_limit::text, c.credit_limit::text,
            s.credit_limit::numeric(14, 2)::text),
        (4, 'interest_rate', b.interest_rate::text, c.interest_rate::text,
            s.interest_rate::numeric(9, 4)::text),
        (5, 'status',
            concat_ws(' ', b.status, b.denied_reason, b.denied_at),
            concat_ws(' ', c.status, c.denied_reason, c.denied_at),
            concat_ws(' ', s.status, s.denied_reason, s.denied_at))
    ) as f (place, name, base, here, file)
    where s.batch_id = p_batch.batch_id and s.set_aside is null
        and f.file is distinct from f.base
        and f.here is distinct from f.base
        and f.here is distinct from f.file
    group by c.user_id
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_batch = excluded.last_batch, last_seen = clock_timestamp();
$$;
