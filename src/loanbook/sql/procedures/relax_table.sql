-- Into an empty table the rows go without filling its indexes and looking up its foreign keys row
-- by row: these are taken off, kept as their own definitions, and put back at once afterwards,
-- when a wrong row still fails the whole; only an index of what is rarely there costs nothing and
-- stays. Made anew, the table needs no write-ahead log either where the server keeps the minimal
-- one; its files are flushed at commit. Locks the table, and leaves one that holds rows as it is.
create function ops.relax_table(p_table regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_taken_off record;
    v_holds_rows boolean;
begin
    execute format('lock table %s', p_table);
    execute format('select exists (select from %s)', p_table) into v_holds_rows;
    if v_holds_rows then
        return;
    end if;
    create temp table if not exists relaxed (place serial, put_back text) on commit drop;
    -- The order of taking off is the reverse of putting back.
    for v_taken_off in
        select
            1 as place,
            format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname) as take_off,
            format(
                'alter table %s add constraint %I %s',
                k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)
            ) as put_back
        from pg_constraint as k
        where k.contype = 'f' and p_table in (k.conrelid, k.confrelid)
        union all
        select
            2,
            format('drop index %s', i.indexrelid::regclass),
            pg_get_indexdef(i.indexrelid)
        from pg_index as i
        where i.indrelid = p_table
            and coalesce(pg_get_expr(i.indpred, i.indrelid), '') not like '%IS NOT NULL)'
            and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
        union all
        select
            3,
            format('alter table %s drop constraint %I', p_table, k.conname),
            format('alter table %s add constraint %I %s', p_table, k.conname, pg_get_constraintdef(k.oid))
        from pg_constraint as k
        where k.conrelid = p_table and k.contype in ('p', 'u')
        order by 1
    loop
        execute v_taken_off.take_off;
        insert into pg_temp.relaxed (put_back) values (v_taken_off.put_back);
    end loop;
    execute format('truncate %s', p_table);
end;
$$;

create function ops.restore_tables()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_put_back text;
begin
    for v_put_back in select r.put_back from pg_temp.relaxed as r order by r.place desc loop
        execute v_put_back;
    end loop;
    drop table pg_temp.relaxed;
end;
$$;
