-- One row per column (and per table, with a null column) of the book's schemas, with its comment.
select
    n.nspname as schema,
    c.relname as relation,
    case c.relkind when 'v' then 'view' else 'table' end as kind,
    obj_description(c.oid, 'pg_class') as about,
    a.attname as column_name,
    format_type(a.atttypid, a.atttypmod) as type,
    a.attnotnull as is_required,
    col_description(c.oid, a.attnum) as column_about
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid
where
    n.nspname in ('dm', 'stage', 'ops', 'audit', 'api')
    and c.relkind in ('r', 'p', 'v')
    and not c.relispartition
    and a.attnum > 0
    and not a.attisdropped
order by
    array_position(array['dm', 'stage', 'audit', 'ops', 'api'], n.nspname::text), c.relname, a.attnum;
