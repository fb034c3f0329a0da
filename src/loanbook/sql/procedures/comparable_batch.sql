-- The accepted batch with which a new file of a source can be compared line by line: the one that
-- the mart reflects, if its header was the same, no line repeated another, and nothing waits to be
-- loaded before; for a file that is whole, one that was whole too. Its amounts are those that
-- reached the mart. Null if there is none.
create function api.comparable_batch(
    p_source text, p_kind text, p_columns text[], p_delimiter text, p_is_full boolean,
    out batch_id bigint, out archived_as text, out digest text, out set_aside bigint[], out amounts numeric[]
)
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_latest ops.batches;
begin
    select * into v_latest from ops.batches as b where b.batch_id = ops.latest_batch(p_source, p_kind);
    if not found or v_latest.is_retry or (p_is_full and not v_latest.is_full) or v_latest.archived_as is null
        or v_latest.columns <> p_columns or v_latest.delimiter <> p_delimiter
        or exists (
            select from ops.batches as b
            where b.source = p_source and b.kind = p_kind and b.state in ('staging', 'staged')
        )
        or exists (
            select from ops.batch_totals as t
            where t.batch_id = v_latest.batch_id and t.collapsed > 0
        ) then
        return;
    end if;
    batch_id := v_latest.batch_id;
    archived_as := v_latest.archived_as;
    digest := v_latest.digest;
    set_aside := array(select q.line_no from ops.quarantine as q where q.batch_id = v_latest.batch_id);
    amounts := array(
        select t.in_file - t.quarantined from ops.batch_totals as t
        where t.batch_id = v_latest.batch_id and t.measure <> 'lines'
        order by array_position(array['loan_amount', 'due_amount', 'amount_paid'], t.measure)
    );
end;
$$;
