-- A role that rights were given to, without login or password; true if it did not exist.
create or replace function pg_temp.make_role(p_name text)
returns boolean
language plpgsql
set search_path = pg_catalog
as $$
begin
    if exists (select from pg_roles as r where r.rolname = p_name) then
        return false;
    end if;
    execute format('create role %I', p_name);
    return true;
exception when duplicate_object or unique_violation then
    return false; -- somebody else was faster
end;
$$;
