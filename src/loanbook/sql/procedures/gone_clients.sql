-- Clients of the source that a full file no longer names. Nothing vanishes by absence but a client
-- without loans, without an amendment made here and without changed contacts, whom no waiting
-- batch of loans names; the others stay, with a finding. Returns why the batch must be refused.
create function ops.find_gone_clients(p_batch ops.batches, p_allow_deletions boolean)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_clients bigint;
    v_deletable bigint;
begin
    drop table if exists pg_temp.gone_clients;
    create temp table gone_clients (user_id bigint, deletable boolean) on commit drop;
    -- A line without a readable key may be anybody's: then nobody is called gone.
    if not p_batch.is_full or exists (
        select from ops.quarantine as q where q.batch_id = p_batch.batch_id and q.key is null
    ) then
        return null;
    end if;
    insert into pg_temp.gone_clients (user_id, deletable)
    select
        c.user_id,
        c.amended_at is null
        and not exists (select from dm.loans as l where l.user_id = c.user_id)
        and not exists (select from dm.contacts as k where k.user_id = c.user_id and k.amended_at is not null)
        and not exists (
            select from stage.loans as s
            inner join ops.batches as b on b.batch_id = s.batch_id
            where b.state in ('staging', 'staged') and s.user_id = c.user_id
        )
    from dm.clients as c
    where c.owner = p_batch.source
        and (
            p_batch.compared_with is null
            or c.user_id in (select k.key from ops.keys_in_question(p_batch) as k (key))
        )
        and not exists (
            select from stage.clients as s where s.batch_id = p_batch.batch_id and s.user_id = c.user_id
        );
    select count(*) filter (where g.deletable) into v_deletable from pg_temp.gone_clients as g;
    if v_deletable = 0 or p_allow_deletions then
        return null;
    end if;
    select count(*) into v_clients from dm.clients as c where c.owner = p_batch.source;
    if v_deletable > 0.01 * v_clients then
        return format(
            'it would delete %s of %s clients, more than 1 %%; '
            'if that is right, stage the file again and promote with --allow-deletions',
            v_deletable, v_clients
        );
    end if;
    return null;
end;
$$;

create function ops.delete_gone_clients()
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deleted bigint;
begin
    -- Under locks: nobody opens a loan for one of them meanwhile.
    perform c.user_id from dm.clients as c
    where c.user_id in (select g.user_id from pg_temp.gone_clients as g where g.deletable)
    order by c.user_id
    for update of c;
    update pg_temp.gone_clients as g set deletable = false
    where g.deletable and exists (select from dm.loans as l where l.user_id = g.user_id);
    delete from dm.contacts as k
    using pg_temp.gone_clients as g where k.user_id = g.user_id and g.deletable;
    delete from dm.clients as c
    using pg_temp.gone_clients as g where c.user_id = g.user_id and g.deletable;
    get diagnostics v_deleted = row_count;
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    from pg_temp.gone_clients as g
    where g.deletable and f.subject in ('client', 'contact') and f.subject_id = g.user_id
        and f.state in ('open', 'accepted');
    return v_deleted;
end;
$$;

-- Findings about clients: who is gone though kept, and who came back.
create function ops.note_client_findings(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select
        'clients_gone', 'client', g.user_id,
        format('no longer in %s of %s', p_batch.file_name, p_batch.business_date),
        p_batch.batch_id, p_batch.batch_id
    from pg_temp.gone_clients as g
    where not g.deletable
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set last_batch = excluded.last_batch, last_seen = clock_timestamp();
    perform ops.close_findings(p_batch, 'client', array['clients_gone'], false);
end;
$$;

-- Open findings of these rules that this batch did not show again are closed: those about subjects
-- that it holds, or, of rules that a load judges for all that stand, every one.
create function ops.close_findings(p_batch ops.batches, p_subject text, p_rules text[], p_all boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from ops.findings as f
        where f.state = 'open' and f.subject = p_subject and f.rule = any(p_rules)
            and f.last_batch is distinct from p_batch.batch_id
    ) then
        return;
    end if;
    execute format(
        'update ops.findings as f set state = ''closed'', closed_at = clock_timestamp()
        where f.state = ''open'' and f.subject = $1 and f.rule = any($2)
            and f.last_batch is distinct from $3
            and ($4 or f.subject_id in (
                select s.%I from stage.%I as s where s.batch_id = $3 and s.set_aside is null
            ))', ops.key_of(p_batch.kind), p_batch.kind
    )
    using p_subject, p_rules, p_batch.batch_id, p_all;
end;
$$;
