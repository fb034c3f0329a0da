-- The exact text of refused lines, read from the archived file by whoever staged or promoted the
-- batch; only within that transaction.
create function api.attach_raw(p_batch_id bigint, p_lines bigint[], p_raw text[])
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attached bigint;
begin
    update ops.quarantine as q set raw = r.raw
    from unnest(p_lines, p_raw) as r (line_no, raw)
    where q.batch_id = p_batch_id and q.line_no = r.line_no
        and q.xmin = pg_current_xact_id()::xid;
    get diagnostics v_attached = row_count;
    return v_attached;
end;
$$;

-- Lines that a retry has taken up are closed: the new batch answers for them now.
create function api.close_retried(p_quarantine_ids bigint[], p_batch_id bigint)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_closed bigint;
begin
    if not exists (
        select from ops.batches as b
        where b.batch_id = p_batch_id and b.is_retry and b.state = 'accepted'
    ) then
        perform ops.refuse('retry_is_accepted', format('Batch %s is no accepted retry.', p_batch_id));
    end if;
    update ops.quarantine as q set state = 'retried', closed_by = p_batch_id, closed_at = now()
    where q.quarantine_id = any(p_quarantine_ids) and q.batch_id < p_batch_id
        and (q.state = 'open' or q.closed_by = p_batch_id);
    get diagnostics v_closed = row_count;
    return v_closed;
end;
$$;

-- A person says that nothing is to come of a refused line, and why. It is kept.
create function api.dismiss_quarantined(p_quarantine_id bigint, p_reason text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('dismissal_has_reason', 'Dismissing a refused line needs a reason.');
    end if;
    update ops.quarantine as q
    set state = 'dismissed', dismissed_by = ops.actor(), dismissal = p_reason, closed_at = now()
    where q.quarantine_id = p_quarantine_id and q.state = 'open';
    if not found then
        perform ops.refuse(
            'quarantined_line_is_open', format('There is no open line %s in quarantine.', p_quarantine_id),
            'LB404'
        );
    end if;
end;
$$;
