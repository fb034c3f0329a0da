-- What one check finds, and how many rows that is in all; of these only p_limit are given.
create function api.run_check(p_name text, p_limit bigint default null)
returns table (subject text, subject_id bigint, detail text, total bigint)
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass(format('api.%I', 'check_' || p_name)) is null then
        perform ops.refuse('check_exists', format('There is no check %s.', p_name), 'LB404');
    end if;
    return query execute format(
        'select c.subject, c.subject_id, c.detail, count(*) over () from api.%I as c
        order by c.subject, c.subject_id, c.detail limit $1', 'check_' || p_name
    )
    using p_limit;
end;
$$;
