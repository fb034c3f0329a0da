-- Tables whose history can be asked for; anything else is a slip of the caller.
create function ops.refuse_unknown_relation(p_relation text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_relation is null or p_relation not in ('clients', 'contacts', 'loans', 'products') then
        perform ops.refuse('relation_known', format('%s is no table with a history.', p_relation));
    end if;
end;
$$;

create function ops.row_now(p_relation text, p_key bigint)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case p_relation
        when 'clients' then (select to_jsonb(c) from dm.clients as c where c.user_id = p_key)
        when 'contacts' then (select to_jsonb(k) from dm.contacts as k where k.user_id = p_key)
        when 'loans' then (select to_jsonb(l) from dm.loans as l where l.loan_id = p_key)
        when 'products' then (select to_jsonb(p) from dm.products as p where p.product_version = p_key)
    end;
$$;

-- The row as it stood after a statement: the image before its next change, or the row of today.
create function ops.image_after(p_relation text, p_key bigint, p_statement_id bigint)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_next record;
begin
    select h.operation, h.before || coalesce(p.before, '{}'::jsonb) as before into v_next
    from audit.changes as h
    left join audit.personal as p
        on p.key = h.key and p.statement_id = h.statement_id and p_relation = 'contacts'
    where h.relation = p_relation and h.key = p_key and h.statement_id > p_statement_id
    order by h.statement_id
    limit 1;
    return case when found then v_next.before else ops.row_now(p_relation, p_key) end;
end;
$$;

-- The columns in which two images differ, each with the value before and after.
create function ops.differences(p_before jsonb, p_after jsonb)
returns jsonb
language sql immutable
as $$
    select coalesce(jsonb_object_agg(c.name, jsonb_build_array(p_before -> c.name, p_after -> c.name)), '{}')
    from (
        select jsonb_object_keys(p_before) as name
        union
        select jsonb_object_keys(p_after)
    ) as c
    where c.name not in ('version', 'amended_at', 'issued_on', 'due_on', 'paid_on')
        and coalesce(p_before -> c.name, 'null') is distinct from coalesce(p_after -> c.name, 'null');
$$;

-- Who changed this row, when, and what from what to what, oldest first.
create function api.history(p_relation text, p_key bigint)
returns table (
    statement_id bigint, at timestamptz, operation text, actor text, session_role text,
    batch_id bigint, reason text, changes jsonb
)
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.refuse_unknown_relation(p_relation);
    return query
    select
        t.statement_id, t.at,
        case h.operation when 'I' then 'insert' when 'U' then 'update' else 'delete' end,
        t.actor, t.session_role, t.batch_id, t.reason,
        ops.differences(
            case when h.operation <> 'I' then h.before || coalesce(p.before, '{}'::jsonb) end,
            case when h.operation <> 'D' then ops.image_after(p_relation, p_key, t.statement_id) end
        )
    from audit.changes as h
    inner join audit.statements as t on t.statement_id = h.statement_id
    left join audit.personal as p
        on p.key = h.key and p.statement_id = h.statement_id and p_relation = 'contacts'
    where h.relation = p_relation and h.key = p_key
    order by t.statement_id;
end;
$$;

-- The row as the book held it at an instant (system time); null if it held none.
create function api.row_at(p_relation text, p_key bigint, p_at timestamptz)
returns jsonb
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last record;
begin
    perform ops.refuse_unknown_relation(p_relation);
    select t.statement_id, h.operation into v_last
    from audit.changes as h
    inner join audit.statements as t on t.statement_id = h.statement_id
    where h.relation = p_relation and h.key = p_key and t.at <= p_at
    order by t.statement_id desc
    limit 1;
    if not found or v_last.operation = 'D' then
        return null;
    end if;
    return ops.image_after(p_relation, p_key, v_last.statement_id);
end;
$$;

-- What a batch changed in rows that were there before, with the values before and after.
create function api.batch_changes(p_batch_id bigint, p_limit bigint default null)
returns table (relation text, key bigint, operation text, changes jsonb)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        t.relation, h.key, case h.operation when 'U' then 'update' else 'delete' end,
        ops.differences(
            h.before || coalesce(p.before, '{}'::jsonb),
            case when h.operation <> 'D' then ops.image_after(t.relation, h.key, t.statement_id) end
        )
    from audit.statements as t
    inner join audit.changes as h on h.statement_id = t.statement_id
    left join audit.personal as p
        on p.key = h.key and p.statement_id = h.statement_id and t.relation = 'contacts'
    where t.batch_id = p_batch_id and h.operation <> 'I'
    order by t.statement_id, h.key
    limit p_limit;
$$;
