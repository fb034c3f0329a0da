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
    if not found or v_latest.is_retry or v_latest.archived_as is null
        or v_latest.columns <> p_columns or v_latest.delimiter <> p_delimiter
        or exists (
            select from ops.batches as b
            where b.source = p_source and b.kind = p_kind and b.state in ('staging', 'staged')
        )
        or exists (
            select from ops.batch_totals as t
            where t.batch_id = v_latest.batch_id and t.collapsed > 0
        )
        -- What a refused file left in quarantine is closed by lines that are staged.
        or exists (
            select from ops.quarantine as q
            inner join ops.batches as b on b.batch_id = q.batch_id
            where b.source = p_source and b.kind = p_kind and q.batch_id > v_latest.batch_id
                and q.state = 'open' and q.key is not null
        )
        -- Whoever was missing beside a line without a key was not called gone yet.
        or p_is_full and (
            not v_latest.is_full
            or exists (
                select from ops.quarantine as q
                where q.batch_id = v_latest.batch_id and q.key is null
            )
        )
        or p_kind = 'contacts' and ops.clients_may_go(v_latest.finished_at) then
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

-- Whether a waiting batch may delete clients, or one has since an instant: their contacts go with
-- them, so what a file of contacts said before is no longer what the mart holds.
create function ops.clients_may_go(p_since timestamptz)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from ops.batches as b
        where b.kind = 'clients' and b.is_full and (
            b.state = 'accepted' and b.deleted > 0 and b.finished_at >= p_since
            or b.state = 'staged' and (
                b.compared_with is null
                or b.departed <> '{}'
                or exists (
                    select from ops.findings as f
                    where f.rule = 'clients_gone' and f.state in ('open', 'accepted')
                )
                or exists (select from ops.quarantine as q where q.batch_id = b.compared_with)
            )
        )
    );
$$;
