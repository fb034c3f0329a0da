-- Keys of sources whose ids are mapped.

-- A key of somebody who was anonymised is kept like this, so that no file brings the person back
-- under another id.
create function ops.hidden_key(p_key text)
returns text
language sql immutable
as $$
    select 'sha256 ' || encode(sha256(convert_to(p_key, 'UTF8')), 'hex');
$$;

-- Ids for keys of a source, in the order asked: known ones stay, new ones come out of its range.
create function api.map_source_keys(
    p_source text, p_kind text, p_keys text[], p_lowest bigint, p_highest bigint
)
returns bigint[]
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ids bigint [] := ops.ids_of_keys(p_source, p_kind, p_keys);
    v_last bigint;
begin
    if array_position(v_ids, null) is null then
        return v_ids;
    end if;
    perform pg_advisory_xact_lock(ops.lock_key('keys'));
    v_ids := ops.ids_of_keys(p_source, p_kind, p_keys);
    select coalesce(max(s.id), p_lowest - 1) into v_last
    from ops.source_keys as s
    where s.kind = p_kind and s.id between p_lowest and p_highest;
    if p_highest - v_last < (
        select count(distinct k.key) from unnest(p_keys, v_ids) as k (key, id) where k.id is null
    ) then
        perform ops.refuse('source_range_has_room', format(
            'The range of source %s ends at %s, and has no id left for new %s.',
            p_source, p_highest, p_kind
        ));
    end if;
    insert into ops.source_keys (source, kind, key, id)
    select p_source, p_kind, n.key, v_last + row_number() over (order by n.place)
    from (
        select k.key, min(k.place) as place
        from unnest(p_keys, v_ids) with ordinality as k (key, id, place)
        where k.id is null
        group by k.key
    ) as n;
    return ops.ids_of_keys(p_source, p_kind, p_keys);
end;
$$;

create function ops.ids_of_keys(p_source text, p_kind text, p_keys text[])
returns bigint[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array_agg(coalesce(s.id, h.id) order by k.place)
    from unnest(p_keys) with ordinality as k (key, place)
    left join ops.source_keys as s
        on s.source = p_source and s.kind = p_kind and s.key = k.key
    left join ops.source_keys as h
        on s.id is null and h.source = p_source and h.kind = p_kind and h.key = ops.hidden_key(k.key);
$$;

-- The key of an anonymised client may be a tax id or an e-mail address. Returns the sources whose
-- files tell of the client: what is kept of them as it came has to go.
create function api.hide_source_keys(p_user_id bigint)
returns text[]
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.source_keys as s set key = ops.hidden_key(s.key)
    where s.kind = 'clients' and s.id = p_user_id and s.key not like 'sha256 %';
    return array(
        select c.owner from dm.clients as c where c.user_id = p_user_id
        union
        select k.owner from dm.contacts as k where k.user_id = p_user_id
        union
        select q.source from api.quarantine as q where q.key = p_user_id
    );
end;
$$;

-- Whether what a source delivers may be kept as it came: not if it tells of somebody anonymised.
create function api.may_keep_originals(p_source text)
returns boolean
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select not exists (
        select from ops.erasures as e
        inner join dm.clients as c on c.user_id = e.user_id
        left join dm.contacts as k on k.user_id = e.user_id
        where p_source in (c.owner, k.owner)
    );
$$;
