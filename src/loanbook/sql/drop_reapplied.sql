-- Triggers, views and routines are applied anew at every install, so first they go. Nothing is
-- dropped by cascade: what an object outside Loanbook depends on stays, and install refuses.
do $$
declare
    v_drop text;
    v_left integer := -1;
    v_last integer;
    v_problem text;
begin
    for v_drop in
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
        from pg_trigger as t
        inner join pg_class as c on c.oid = t.tgrelid
        where not t.tgisinternal
            and c.relnamespace in (
                'dm'::regnamespace, 'audit'::regnamespace, 'stage'::regnamespace, 'ops'::regnamespace
            )
            and t.tgparentid = 0
    loop
        execute v_drop;
    end loop;
    loop
        v_last := v_left;
        v_left := 0;
        for v_drop in
            select format('drop view %s', c.oid::regclass)
            from pg_class as c
            where c.relkind = 'v'
                and c.relnamespace in (
                    'api'::regnamespace, 'dm'::regnamespace, 'ops'::regnamespace,
                    'audit'::regnamespace, 'stage'::regnamespace, 'report'::regnamespace
                )
            union all
            select format('drop routine %s', p.oid::regprocedure)
            from pg_proc as p
            where p.pronamespace in (
                'api'::regnamespace, 'dm'::regnamespace, 'ops'::regnamespace,
                'audit'::regnamespace, 'stage'::regnamespace
            )
        loop
            begin
                execute v_drop;
            exception when dependent_objects_still_exist then
                get stacked diagnostics v_problem = pg_exception_detail;
                v_left := v_left + 1;
            end;
        end loop;
        exit when v_left = 0;
        if v_left = v_last then
            raise exception '%', v_problem
                using errcode = 'LB002', constraint = 'install_keeps_foreign_objects';
        end if;
    end loop;
end;
$$;
