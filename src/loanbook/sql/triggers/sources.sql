-- Where two sources deliver the same id the line of the second is in quarantine, and a finding tells
-- of it for as long as it waits there.

create function ops.note_two_sources()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from now_there as n
        where n.key is not null and n.rules && array['clients_other_owner', 'loans_other_owner']
    ) then
        return null;
    end if;
    -- A line whose file came again waits on: only the same bytes ended the wait of the one before.
    update ops.findings as f set state = 'open', closed_at = null
    where f.state = 'closed' and f.finding_id in (
        select max(g.finding_id)
        from now_there as n
        inner join ops.batches as b on b.batch_id = n.batch_id
        inner join ops.quarantine as q
            on q.closed_by = n.batch_id and q.key = n.key and q.state = 'superseded'
        inner join ops.findings as g on g.subject_id = n.key and g.rule = b.kind || '_two_sources'
        where n.state = 'open'
            and q.rules && array[b.kind || '_other_owner'] and n.rules && array[b.kind || '_other_owner']
        group by g.rule, g.subject_id
    );
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select distinct on (n.key, b.kind)
        b.kind || '_two_sources', left(b.kind, -1), n.key,
        format('%s delivers it too', b.source), n.batch_id, n.batch_id
    from now_there as n
    inner join ops.batches as b on b.batch_id = n.batch_id
    where n.state = 'open' and n.key is not null
        and n.rules && array['clients_other_owner', 'loans_other_owner']
    order by n.key, b.kind
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_batch = excluded.last_batch,
        last_seen = clock_timestamp();
    if tg_op = 'UPDATE' then
        update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
        from now_there as n
        inner join ops.batches as b on b.batch_id = n.batch_id
        where n.state <> 'open' and f.state = 'open' and f.subject_id = n.key
            and f.rule = b.kind || '_two_sources'
            and not exists (
                select from ops.quarantine as q
                where q.state = 'open' and q.key = n.key
                    and q.rules && array[b.kind || '_other_owner']
            );
    end if;
    return null;
end;
$$;

create trigger quarantine_tells_of_two_sources after insert on ops.quarantine
referencing new table as now_there
for each statement execute function ops.note_two_sources();
create trigger quarantine_left_of_two_sources after update on ops.quarantine
referencing new table as now_there
for each statement execute function ops.note_two_sources();
