-- The gate: whether the book was brought to a day, and soundly: the steps that make it are done in
-- the latest attempt, and of the lines that came for that day no more than p_most_quarantined (a
-- part of 1) wait in quarantine. If not, the reason says what is missing.
create function api.book_is_sound(
    p_as_of date, p_most_quarantined numeric default 0.05, out sound boolean, out reason text
)
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
    v_stands date := (select k.business_date from ops.book as k);
    v_missing text;
    v_lines numeric;
    v_refused numeric;
begin
    select * into v_run from ops.runs as r where r.business_date = p_as_of;
    select string_agg(n.step || coalesce(' ' || s.state, ' not begun'), ', ' order by n.place)
    into v_missing
    from unnest(array['stage', 'promote', 'classify', 'check', 'accept']) with ordinality as n (step, place)
    left join ops.run_steps as s
        on s.step = n.step and s.run_id = v_run.run_id and s.attempt = v_run.attempt
    where s.state is null or s.state not in ('done', 'kept');
    select
        coalesce(sum(b.lines), 0),
        coalesce(sum((
            select count(*) from ops.quarantine as q
            where q.batch_id = b.batch_id and q.state = 'open'
        )), 0)
    into v_lines, v_refused
    from ops.batches as b
    where b.business_date = p_as_of and b.state = 'accepted';
    reason := case
        when v_run.run_id is null then format('There was no run of %s.', p_as_of)
        when v_missing is not null then format('The run of %s lacks: %s.', p_as_of, v_missing)
        when v_stands is distinct from p_as_of then format('The book stands at %s.', coalesce(v_stands::text, 'no day yet'))
        when v_refused > v_lines * p_most_quarantined then
            format('Of %s lines that came for %s, %s are in quarantine.', v_lines, p_as_of, v_refused)
    end;
    sound := reason is null;
end;
$$;
