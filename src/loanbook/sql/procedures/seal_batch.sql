-- Staging is complete: what the stage holds is counted and summed, the lines that the reader of
-- the file could not make sense of go to quarantine, and nothing can be added to the batch. Lines
-- carried over from the file that it was compared with are told by their number and their sums of
-- loan_amount, due_amount and amount_paid, keys that departed from that file by name.
create function api.seal_batch(
    p_batch_id bigint, p_lines bigint, p_carried bigint default 0,
    p_carried_amounts numeric[] default '{}', p_departed bigint[] default '{}'
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_batch ops.batches;
    v_measures text [] := '{}';
    v_staged bigint;
    v_set_aside bigint;
    v_sums numeric [];
    v_unreadable bigint [];
begin
    select * into v_batch from ops.batches as b where b.batch_id = p_batch_id for update;
    if v_batch.state is distinct from 'staging' then
        perform ops.refuse('batch_is_being_staged', format('Batch %s is not being staged.', p_batch_id));
    end if;
    execute format('revoke insert on stage.%I from loanbook_app', v_batch.kind || '_' || p_batch_id);
    if v_batch.kind = 'loans' then
        v_measures := array['loan_amount', 'due_amount', 'amount_paid'];
    end if;
    execute format(
        'select count(*), count(s.set_aside), array[%2$s]::numeric[], array[%3$s]::bigint[]
        from stage.%1$I as s where s.batch_id = $1',
        v_batch.kind,
        (select string_agg(format('sum(s.%I)', m.name), ', ') from unnest(v_measures) as m (name)),
        (select string_agg(format('count(*) - count(s.%I)', m.name), ', ') from unnest(v_measures) as m (name))
    )
    into v_staged, v_set_aside, v_sums, v_unreadable using p_batch_id;
    if v_staged + p_carried <> p_lines then
        perform ops.refuse('stage_holds_every_line', format(
            'Batch %s was sealed with %s lines, %s of them carried, but the stage received %s.',
            p_batch_id, p_lines, p_carried, v_staged
        ));
    end if;
    update ops.batches as b
    set state = 'staged', lines = p_lines, carried = p_carried, departed = p_departed
    where b.batch_id = p_batch_id;
    insert into ops.batch_totals (batch_id, measure, in_file, carried)
    values (p_batch_id, 'lines', p_lines, p_carried);
    insert into ops.batch_totals (batch_id, measure, in_file, carried, unreadable)
    select
        p_batch_id, m.name, coalesce(m.in_stage, 0) + coalesce(m.carried, 0), coalesce(m.carried, 0),
        m.unreadable
    from unnest(v_measures, v_sums, v_unreadable, p_carried_amounts) as m (name, in_stage, unreadable, carried)
    where m.name is not null;
    if v_set_aside > 0 then
        perform ops.quarantine_set_aside(v_batch);
    end if;
end;
$$;
