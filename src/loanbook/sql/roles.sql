-- Roles belong to the cluster, not to this database: they may exist already, and another install
-- may be creating them at this moment.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['loanbook_app', 'loanbook_analyst', 'loanbook_auditor'] loop
        begin
            if not exists (select from pg_roles where rolname = v_role) then
                execute format('create role %I', v_role);
            end if;
        exception when duplicate_object or unique_violation then
            null; -- the other install was faster
        end;
    end loop;
end;
$$;
