-- When the book's history begins; null as long as nothing was ever loaded or registered.
create function api.first_change()
returns timestamptz
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select t.at from audit.statements as t order by t.statement_id limit 1;
$$;
