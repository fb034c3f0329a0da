-- One row: how much the mart holds, and how many lines of quarantine are open.
create function api.figures(
    out clients bigint, out loans bigint, out contacts bigint, out payments bigint, out quarantine bigint
)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        (select count(*) from dm.clients),
        (select count(*) from dm.loans),
        (select count(*) from dm.contacts),
        (select count(*) from dm.payments),
        (select count(*) from ops.quarantine as q where q.state = 'open');
$$;
