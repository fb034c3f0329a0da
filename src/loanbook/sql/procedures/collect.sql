-- What was fetched from sources, so that each file is taken once.

-- Which of the offers (by their place in the lists) are yet to be fetched: all but those that were
-- taken, and those that were refused or held under the same settings. A blank mark tells nothing.
create function api.offers_left(p_source text, p_names text[], p_marks text[], p_settings text)
returns setof bigint
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select o.place
    from unnest(p_names, p_marks) with ordinality as o (name, mark, place)
    where o.mark = '' or not exists (
        select from ops.collected as c
        where c.source = p_source and c.name = o.name and c.mark = o.mark
            and (c.state in ('taken', 'known') or c.settings = p_settings)
    )
    order by o.place;
$$;

-- Whether the same bytes were taken from this source before, under whatever name, and nothing of
-- their streams was taken since: what was there, went and came back is news.
create function api.was_collected(p_source text, p_digest text)
returns boolean
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from ops.collected as c
        where c.source = p_source and c.digest = p_digest and c.state = 'taken'
            and not exists (
                select from ops.collected_parts as p
                inner join ops.collected_parts as later
                    on later.stream_id = p.stream_id and later.collected_id > p.collected_id
                where p.collected_id = c.collected_id
            )
    );
$$;

-- When files that lie ready were taken from a source, by their names there.
create function api.when_taken(p_source text, p_ready text[], out ready_as text, out taken_at timestamptz)
returns setof record
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select p.ready_as, max(c.collected_at)
    from ops.collected as c
    inner join ops.collected_parts as p on c.collected_id = p.collected_id
    where c.source = p_source and c.state = 'taken' and p.ready_as = any(p_ready)
    group by p.ready_as;
$$;

-- What is refused or held, and was not taken since.
create function api.not_taken(p_source text, out name text, out problem text)
returns setof record
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select c.name, c.problem
    from ops.collected as c
    where c.source = p_source and c.state in ('refused', 'held')
        and not exists (
            select from ops.collected as later
            where later.source = c.source and later.name = c.name
                and later.collected_at > c.collected_at
        )
    order by c.collected_id desc;
$$;

create function ops.stream(p_source text, p_layout text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stream bigint;
begin
    insert into ops.streams (source, layout) values (p_source, p_layout) on conflict do nothing;
    select s.stream_id into v_stream from ops.streams as s
    where s.source = p_source and s.layout = p_layout;
    return v_stream;
end;
$$;

-- A file was looked into. p_parts tells of each file of ours that was made out of it: layout, kind,
-- ready_as, row_count, notes, columns, filled. Columns move on only with what is taken.
create function api.note_collected(
    p_source text, p_name text, p_mark text, p_size bigint, p_digest text, p_business_date date,
    p_state text, p_problem text, p_archived_as text, p_settings text, p_parts jsonb default '[]'
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_collected bigint;
begin
    insert into ops.collected as c (
        source, name, mark, size, digest, business_date, state, problem, archived_as, settings, actor
    )
    values (
        p_source, p_name, p_mark, p_size, p_digest, p_business_date, p_state, p_problem,
        p_archived_as, p_settings, ops.actor()
    )
    on conflict (source, name, mark, digest) where mark <> '' do update
    set business_date = excluded.business_date, state = excluded.state, problem = excluded.problem,
        archived_as = excluded.archived_as, settings = excluded.settings, actor = excluded.actor,
        collected_at = clock_timestamp()
    where c.state <> 'taken'
    returning c.collected_id into v_collected;
    if v_collected is null or p_state <> 'taken' then
        return v_collected;
    end if;
    insert into ops.collected_parts (collected_id, stream_id, kind, ready_as, row_count, notes)
    select
        v_collected, ops.stream(p_source, p.layout), p.kind, p.ready_as, p.row_count,
        coalesce(p.notes, '{}')
    from jsonb_to_recordset(p_parts) as p (
        layout text, kind text, ready_as text, row_count bigint, notes text[]
    );
    update ops.streams as s set columns = p.columns, filled = p.filled
    from jsonb_to_recordset(p_parts) as p (layout text, columns text[], filled text[])
    where s.source = p_source and s.layout = p.layout;
    return v_collected;
end;
$$;

-- The stage refused what was made out of a file.
create function api.refuse_collected(p_source text, p_ready_as text, p_problem text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.collected as c
    set state = 'refused', problem = p_problem, collected_at = clock_timestamp()
    where c.collected_id = (
        select max(p.collected_id)
        from ops.collected_parts as p
        inner join ops.streams as s on s.stream_id = p.stream_id
        where s.source = p_source and p.ready_as = p_ready_as
    );
    perform api.note_source(
        p_source, '', array['source_file_refused'], array['source_file_refused'],
        array[p_ready_as || ': ' || p_problem]
    );
end;
$$;

-- What the files of a stream are like: columns, filled ones, and the rows of its latest files.
create function api.stream_profile(
    p_source text, p_layout text, out columns text[], out filled text[], out row_counts bigint[]
)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        s.columns, s.filled,
        array(
            select p.row_count
            from ops.collected_parts as p
            where p.stream_id = s.stream_id
            order by p.collected_id desc
            limit 15
        )
    from ops.streams as s where s.source = p_source and s.layout = p_layout;
$$;

-- Whether a source has brought something of that day.
create function api.has_delivered(p_source text, p_business_date date)
returns boolean
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from ops.collected as c
        where c.source = p_source and c.business_date = p_business_date
            and c.state in ('taken', 'known')
    );
$$;

-- What is now to be told of a stream, of these rules: what is not told any more is closed.
create function api.note_source(
    p_source text, p_layout text, p_rules text[], p_found text[], p_details text[]
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stream bigint := ops.stream(p_source, p_layout);
begin
    insert into ops.findings as g (rule, subject, subject_id, detail)
    select f.rule, 'source', v_stream, f.detail
    from unnest(p_found, p_details) as f (rule, detail)
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_seen = clock_timestamp(),
        -- Accepted was another fact.
        state = case when g.detail = excluded.detail then g.state else 'open' end;
    update ops.findings as g set state = 'closed', closed_at = clock_timestamp()
    where g.subject = 'source' and g.subject_id = v_stream and g.state = 'open'
        and g.rule = any(p_rules) and g.rule <> all(p_found);
end;
$$;
