-- What a database holds, table by table, for comparing it with a copy: functions of this session
-- only, since the copy may be of a release that lacked them.

-- One row per table and sequence. The digest adds up the rows' own digests, so that their order
-- does not matter; a table that lost, gained or changed a row has another one. The queue of the
-- workers is no part of the book, and lives on while stock is taken.
create or replace function pg_temp.inventory()
returns table (relation text, rows bigint, digest text, sums jsonb)
language plpgsql
set search_path = pg_catalog
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
    v_sums text;
    v_oid oid;
begin
    for v_oid, relation in
        select c.oid, format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'r' and c.relpersistence in ('p', 'u')
            and n.nspname not in ('information_schema', 'jobs') and n.nspname not like 'pg\_%'
        order by 2
    loop
        select coalesce(string_agg(format('%L, sum(t.%I)', a.attname, a.attname), ', ' order by a.attnum), '')
        into v_sums
        from pg_attribute as a
        where a.attrelid = v_oid and a.attnum > 0 and not a.attisdropped and a.atttypid = 'numeric'::regtype;
        execute format(
            'select count(*), coalesce(sum((''x'' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text,
                jsonb_build_object(%s)
            from only %s as t', v_sums, relation
        ) into rows, digest, sums;
        return next;
    end loop;
    for relation in
        select format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'S' and c.relpersistence in ('p', 'u')
            and n.nspname not in ('information_schema', 'jobs') and n.nspname not like 'pg\_%'
        order by 1
    loop
        execute format(
            'select 1, format(''%%s %%s'', s.last_value, s.is_called), ''{}''::jsonb from %s as s', relation
        ) into rows, digest, sums;
        return next;
    end loop;
end;
$$;

-- One row per check that this database knows: how many rows offend.
create or replace function pg_temp.ailments()
returns table (name text, offending bigint)
language plpgsql
set search_path = pg_catalog
as $$
begin
    for name in
        select c.relname from pg_class as c
        where c.relnamespace = to_regnamespace('api') and c.relkind = 'v' and starts_with(c.relname, 'check_')
        order by 1
    loop
        execute format('select count(*) from api.%I', name) into offending;
        name := substr(name, length('check_') + 1);
        return next;
    end loop;
end;
$$;
