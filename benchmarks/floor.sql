-- name: tables
-- What the first load has filled, audit rows included, with the columns that can be written.
select
    n.nspname as schema_name,
    c.relname as table_name,
    (
        select array_agg(a.attname::text order by a.attnum) from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    ) as columns
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and (n.nspname, c.relname) in (
        ('dm', 'clients'), ('dm', 'contacts'), ('dm', 'loans'), ('dm', 'payments'),
        ('audit', 'statements'), ('audit', 'clients'), ('audit', 'contacts'), ('audit', 'loans'),
        ('ops', 'batches'), ('ops', 'batch_totals'), ('ops', 'findings'), ('ops', 'quarantine')
    )
order by c.oid;

-- name: take_off
select ops.relax_table(c.oid::regclass)
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where (n.nspname = 'dm' and c.relname in ('clients', 'contacts', 'loans', 'payments'))
    or (n.nspname = 'audit' and c.relname in ('clients', 'contacts', 'loans'))
order by c.oid;

-- name: put_back
select ops.restore_tables();

-- name: shape
-- Constraints, indexes and triggers as they stand, to be compared.
select string_agg(s.line, e'\n' order by s.line) as shape
from (
    select k.conrelid::regclass::text || ' ' || k.conname::text || ' ' || pg_get_constraintdef(k.oid) as line
    from pg_constraint as k
    where k.connamespace::regnamespace::text in ('dm', 'audit', 'ops')
    union all
    select pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' invalid' end
    from pg_index as i
    inner join pg_class as c on c.oid = i.indexrelid
    where c.relnamespace::regnamespace::text in ('dm', 'audit', 'ops')
    union all
    select pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text from pg_trigger as t where not t.tgisinternal
) as s;

-- name: rows
select
    (select count(*) from dm.clients) as clients,
    (select count(*) from dm.contacts) as contacts,
    (select count(*) from dm.loans) as loans,
    (select count(*) from dm.payments) as payments,
    (select count(*) from audit.changes) as changes,
    (select count(*) from audit.statements) as statements,
    (select sum(p.amount) from dm.payments as p) as paid,
    (select count(*) from ops.findings) as findings,
    (select count(*) from ops.quarantine) as quarantined;
