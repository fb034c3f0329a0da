-- name: inventory
select
    i.relation,
    i.rows,
    i.digest,
    i.sums::text as sums
from pg_temp.inventory() as i;

-- name: ailments
select
    a.name,
    a.offending
from pg_temp.ailments() as a;

-- name: export_snapshot
select pg_export_snapshot();

-- name: server_version
select current_setting('server_version_num')::integer / 10000;

-- name: instant
select clock_timestamp();

-- name: has_book
select to_regclass('ops.book') is not null and to_regclass('ops.migrations') is not null;

-- name: book
select
    b.business_date,
    b.zone,
    (select array_agg(m.name order by m.name) from ops.migrations as m) as migrations
from ops.book as b;

-- Copies in the archive that the book knows of, and the digest that each must have.
-- name: archived
select distinct
    b.archived_as as name,
    b.digest
from ops.batches as b
where b.archived_as is not null
order by b.archived_as;

-- Roles belong to the cluster and are in no dump: those that have rights on something here.
-- name: roles
select distinct r.rolname as name
from (
    select c.relacl as acl from pg_class as c
    union all
    select p.proacl from pg_proc as p
    union all
    select n.nspacl from pg_namespace as n
    union all
    select a.attacl from pg_attribute as a
) as o
cross join lateral aclexplode(o.acl) as x
inner join pg_roles as r on x.grantee = r.oid
where r.rolname not like 'pg\_%' and r.rolname <> current_user
order by r.rolname;

-- name: make_role
select pg_temp.make_role(%(name)s) as made;

-- name: stages_due
select
    d.batch_id,
    d.name,
    d.business_date,
    d.bytes
from api.stages_due(%(days)s) as d;

-- name: copies_due
select
    d.name,
    d.business_date
from api.copies_due(%(days)s) as d;

-- name: unnamed_due
select
    d.name,
    d.kept_from
from api.unnamed_due(%(names)s, %(days)s) as d;

-- name: kept_from
select api.kept_from(%(days)s);

-- name: steps_due
select
    d.run_id,
    d.business_date,
    d.steps
from api.steps_due(%(days)s) as d;

-- name: purge_stage
select api.purge_stage(%(batch_id)s, %(days)s);

-- name: purge_copy
select api.purge_copy(%(name)s, %(days)s);

-- name: purge_steps
select api.purge_steps(%(run_id)s, %(days)s);

-- What doctor asks of a database, whoever connects.
-- name: examine
select
    current_setting('server_version') as version,
    session_user::text as login,
    clock_timestamp() as instant,
    current_setting('TimeZone') as zone,
    current_setting('data_checksums') as checksums,
    r.rolsuper as is_superuser,
    (
        select array_agg(w.name)
        from unnest(array['loanbook_app', 'loanbook_analyst', 'loanbook_auditor']) as w (name)
        left join pg_roles as o on w.name = o.rolname
        where o.rolname is null
    ) as lacking
from pg_roles as r
where r.rolname = session_user;
