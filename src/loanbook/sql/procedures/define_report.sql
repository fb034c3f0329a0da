-- A view of schema report from the text of a relation or question, explained by its header.
create function ops.define_report(
    p_name text, p_text text, p_about text, p_columns text[], p_meanings text[]
)
returns void
language plpgsql
set search_path = report, pg_catalog, pg_temp
as $$
declare
    v_comment text;
begin
    execute format('create view report.%I as %s', p_name, p_text);
    execute format('comment on view report.%I is %L', p_name, p_about);
    for v_comment in
        select format('comment on column report.%I.%I is %L', p_name, c.name, c.meaning)
        from unnest(p_columns, p_meanings) as c (name, meaning)
    loop
        execute v_comment;
    end loop;
end;
$$;
