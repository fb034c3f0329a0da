-- name: functions
select
    p.oid::regproc::text as name,
    pg_get_functiondef(p.oid) as definition
from pg_proc as p
inner join pg_namespace as n on n.oid = p.pronamespace
inner join pg_language as l on l.oid = p.prolang
where n.nspname in ('api', 'ops', 'audit') and l.lanname = 'plpgsql' and p.prokind = 'f'
order by 1;

-- name: calls
select
    f.schemaname || '.' || f.funcname as name,
    f.calls,
    f.self_time / 1000 as own,
    f.total_time / 1000 as total
from pg_stat_user_functions as f
where f.self_time >= 2
order by f.self_time desc;

-- name: sizes
select
    n.nspname || '.' || c.relname as name,
    pg_table_size(c.oid) as heap,
    pg_indexes_size(c.oid) as indexes,
    c.reltuples::bigint as lines
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('dm', 'audit', 'ops', 'stage') and c.relkind = 'r'
    and pg_total_relation_size(c.oid) > 100000
order by pg_total_relation_size(c.oid) desc;

-- name: log_position
select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint;
