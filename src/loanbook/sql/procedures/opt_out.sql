-- A client wants no optional letters any more; asked twice, nothing changes. Answers with the version
-- of the contact that stands now.
create function api.opt_out(p_user_id bigint, p_reason text)
returns integer
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    select a.version from api.amend_contact(p_user_id, p_reason, p_opted_out => true) as a;
$$;
