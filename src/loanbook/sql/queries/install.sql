-- One install at a time; the lock ends with its session, however that ends.
-- name: lock
select pg_advisory_lock(7208001);

-- name: unlock
select pg_advisory_unlock(7208001);

-- Functions may name functions and views that come later.
-- name: late_binding
select set_config('check_function_bodies', 'off', true);

-- name: taken
select
    m.name,
    m.digest
from ops.migrations as m;

-- name: take
insert into ops.migrations (name, digest) values (%(name)s, %(digest)s)
returning name;

-- name: stamp
update ops.book set release = %(release)s, zone = %(zone)s, currency = %(currency)s
returning release;

-- name: define_report
select ops.define_report(%(name)s, %(text)s, %(about)s, %(columns)s, %(meanings)s);
