-- Rules about loans that are kept although they break them: evaluated for what this batch wrote
-- and for what stands under a finding; any other row is as it was when it was judged.
create function ops.note_loan_findings(p_batch ops.batches, p_all boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
begin
    drop table if exists pg_temp.judged_loans;
    create temp table judged_loans on commit drop as
    select x.loan_id from pg_temp.changed_loans as x
    union
    select a.loan_id from pg_temp.added_loans as a
    union
    select g.subject_id from ops.findings as g where g.subject = 'loan' and g.state = 'open';
    perform ops.judge_loans(p_batch, p_all);

    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select
        'loans_amount_lowered', 'loan', x.loan_id,
        format('amount_paid fell from %s to %s', x.old_amount_paid, x.amount_paid::numeric(14, 2)),
        p_batch.batch_id, p_batch.batch_id
    from pg_temp.changed_loans as x
    where x.amount_paid < x.old_amount_paid
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_batch = excluded.last_batch, last_seen = clock_timestamp();

    if p_batch.is_full and not exists (
        select from ops.quarantine as q where q.batch_id = p_batch.batch_id and q.key is null
    ) then
        insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
        select
            'loans_gone', 'loan', l.loan_id,
            format('no longer in %s of %s', p_batch.file_name, p_batch.business_date),
            p_batch.batch_id, p_batch.batch_id
        from dm.loans as l
        where l.owner = p_batch.source
            and (
                p_batch.compared_with is null
                or l.loan_id in (select k.key from ops.keys_in_question(p_batch) as k (key))
            )
            and not exists (
                select from stage.loans as s
                where s.batch_id = p_batch.batch_id and s.loan_id = l.loan_id
            )
        on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
        do update set last_batch = excluded.last_batch, last_seen = clock_timestamp();
    end if;
    perform ops.close_findings(p_batch, 'loan', array['loans_gone'], false);
end;
$$;

-- Loans of the clients that this batch changed: a denial may have been dated back.
create function ops.judge_loans_of_clients(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
begin
    drop table if exists pg_temp.judged_loans;
    create temp table judged_loans on commit drop as
    select l.loan_id from dm.loans as l
    where l.user_id = any(array(
        select s.user_id from stage.clients as s
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
    ));
    perform ops.judge_loans(p_batch, false);
end;
$$;

-- Notes what the rules find at the loans in question (or at all), and closes what they no longer
-- find there.
create function ops.judge_loans(p_batch ops.batches, p_all boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
set enable_nestloop = off
as $$
begin
    drop table if exists pg_temp.found;
    create temp table found (rule text, loan_id bigint, detail text) on commit drop;
    if p_all then
        insert into pg_temp.found select f.rule, f.loan_id, f.detail from ops.found_in_loans as f;
    else
        -- As arrays: loans and clients are looked up in the order of their keys, the book is not
        -- walked through. The planner takes each for ten rows, too few for it to mind comparing
        -- every loan with every client, hence the setting above.
        insert into pg_temp.found
        select o.rule, o.loan_id, o.detail from ops.found_in_loans as o
        where o.loan_id = any(array(select j.loan_id from pg_temp.judged_loans as j))
            and o.borrower = any(array(
                select l.user_id from dm.loans as l
                where l.loan_id = any(array(select j.loan_id from pg_temp.judged_loans as j))
            ));
    end if;
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select f.rule, 'loan', f.loan_id, f.detail, p_batch.batch_id, p_batch.batch_id
    from pg_temp.found as f
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_batch = coalesce(excluded.last_batch, findings.last_batch),
        last_seen = clock_timestamp();
    update ops.findings as g set state = 'closed', closed_at = clock_timestamp()
    from ops.rules as r
    where g.state = 'open' and g.subject = 'loan' and r.rule = g.rule and r.nature = 'state'
        and r.rule not in (
            'loans_second_open', 'loans_gone', 'loans_ongoing_past_grace', 'loans_ongoing_though_paid',
            'loans_default_though_paid', 'loans_default_within_grace', 'loans_default_undenied',
            'loans_two_sources'
        )
        and g.subject_id in (select j.loan_id from pg_temp.judged_loans as j)
        and not exists (
            select from pg_temp.found as f where f.rule = g.rule and f.loan_id = g.subject_id
        );
end;
$$;
