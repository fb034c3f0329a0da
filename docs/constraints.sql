-- One row per named constraint of a table of the book.
select
    n.nspname as schema,
    c.relname as relation,
    k.conname as name,
    pg_get_constraintdef(k.oid) as definition
from pg_constraint as k
inner join pg_class as c on k.conrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where
    n.nspname in ('dm', 'stage', 'ops', 'audit')
    and k.contype in ('c', 'p', 'u', 'f', 'x')
    and not c.relispartition
order by n.nspname, c.relname, k.contype, k.conname;
