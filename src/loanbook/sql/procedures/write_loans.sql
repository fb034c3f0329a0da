-- Writing loans: closings first, then other updates, then openings, as statements of their own,
-- because one batch may pay a client's loan and open the next, and an index allows only one open.
create function ops.update_loans(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_step text;
begin
    -- A loan whose exemption alone changes is not a line of the file that changed: no fate.
    update dm.loans as l set exempt_from = e.finding_id, version = l.version + 1
    from pg_temp.exempt_loans as e
    where l.loan_id = e.loan_id and l.status = 'ongoing' and l.exempt_from is distinct from e.finding_id
        and not exists (select from pg_temp.changed_loans as x where x.loan_id = l.loan_id);
    foreach v_step in array array['close', 'change', 'open'] loop
        with done as (
            update dm.loans as l
            set created_at = x.created_at, due_at = x.due_at, paid_at = x.paid_at, status = x.status,
                loan_amount = x.loan_amount, tax = x.tax, due_amount = x.due_amount,
                amount_paid = x.amount_paid, exempt_from = x.exempt_from, version = l.version + 1
            from (
                select c.*, e.finding_id as exempt_from,
                    case
                        when c.old_status = 'ongoing' and c.old_exempt_from is null
                            and (c.status <> 'ongoing' or e.finding_id is not null) then 'close'
                        when c.status = 'ongoing' and e.finding_id is null
                            and (c.old_status <> 'ongoing' or c.old_exempt_from is not null) then 'open'
                        else 'change'
                    end as step
                from pg_temp.changed_loans as c
                left join pg_temp.exempt_loans as e on e.loan_id = c.loan_id
            ) as x
            where l.loan_id = x.loan_id and x.step = v_step
            returning l.loan_amount, l.due_amount, l.amount_paid
        )
        insert into pg_temp.load_totals
        select
            'updated', count(*), coalesce(sum(d.loan_amount), 0),
            coalesce(sum(d.due_amount), 0), coalesce(sum(d.amount_paid), 0)
        from done as d;
        if v_step = 'change' then
            -- Between closing and opening: loans that are no longer second become regular.
            update dm.loans as l set exempt_from = null, version = l.version + 1
            where l.exempt_from is not null
                and not exists (select from pg_temp.exempt_loans as e where e.loan_id = l.loan_id)
                and not exists (select from pg_temp.changed_loans as x where x.loan_id = l.loan_id);
        end if;
    end loop;

    insert into dm.payments (loan_id, kind, amount, effective_on, owner, batch_id)
    select
        x.loan_id,
        case when x.amount_paid > x.old_amount_paid then 'payment' else 'correction' end,
        x.amount_paid - x.old_amount_paid,
        case when x.paid_at is not null and x.old_paid_at is null and x.amount_paid > x.old_amount_paid
            then x.paid_at::date else p_batch.business_date - 1 end,
        p_batch.source, p_batch.batch_id
    from pg_temp.changed_loans as x
    where x.amount_paid <> x.old_amount_paid
    order by x.loan_id;
end;
$$;

-- New loans with the terms of their contract, and what had been paid on them at first sight.
create function ops.insert_loans(p_batch ops.batches, p_into_empty boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with added as (
        insert into dm.loans (
            loan_id, user_id, created_at, due_at, paid_at, status, loan_amount, tax, due_amount,
            amount_paid, interest_rate, rate_is_implied, exempt_from, owner
        )
        select
            s.loan_id, s.user_id, s.created_at, s.due_at, s.paid_at, s.status, s.loan_amount, s.tax,
            s.due_amount, s.amount_paid,
            case when r.explains then c.interest_rate
                else dm.implied_rate(s.loan_amount, s.due_at::date - s.created_at::date, s.due_amount) end,
            not r.explains, e.finding_id, p_batch.source
        from stage.loans as s
        inner join dm.clients as c on c.user_id = s.user_id
        left join pg_temp.exempt_loans as e on e.loan_id = s.loan_id
        cross join lateral (
            select dm.rate_explains(
                s.loan_amount, c.interest_rate, s.due_at::date - s.created_at::date, s.due_amount
            ) as explains
            offset 0 -- computed once, though used twice
        ) as r
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and (
                p_into_empty
                or s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
                and not exists (select from dm.loans as l where l.loan_id = s.loan_id)
            )
        returning loan_id, loan_amount, due_amount, amount_paid, paid_on
    ), opened as (
        insert into dm.payments (loan_id, kind, amount, effective_on, owner, batch_id)
        select a.loan_id, 'opening', a.amount_paid, a.paid_on, p_batch.source, p_batch.batch_id
        from added as a
        where a.amount_paid <> 0
    ), noted as (
        insert into pg_temp.added_loans select a.loan_id from added as a where not p_into_empty
    )
    insert into pg_temp.load_totals
    select
        'inserted', count(*), coalesce(sum(a.loan_amount), 0),
        coalesce(sum(a.due_amount), 0), coalesce(sum(a.amount_paid), 0)
    from added as a;
end;
$$;

-- Rules about loans that are kept although they break them: evaluated for what this batch wrote
-- and for what stands under a finding; any other row is as it was when it was judged.
create function ops.note_loan_findings(p_batch ops.batches, p_all boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_rules text [] := array(
        select r.rule from ops.rules as r
        where r.nature = 'state' and r.rule like 'loans\_%'
            and r.rule not in ('loans_second_open', 'loans_gone')
    );
begin
    drop table if exists pg_temp.found;
    create temp table found (rule text, loan_id bigint, detail text) on commit drop;
    if p_all then
        insert into pg_temp.found select f.rule, f.loan_id, f.detail from ops.found_in_loans as f;
    else
        insert into pg_temp.found
        select f.rule, t.loan_id, f.detail
        from (
            select x.loan_id from pg_temp.changed_loans as x
            union
            select a.loan_id from pg_temp.added_loans as a
            union
            select g.subject_id from ops.findings as g where g.subject = 'loan' and g.state = 'open'
        ) as t
        cross join lateral (
            select o.rule, o.detail from ops.found_in_loans as o where o.loan_id = t.loan_id
            offset 0 -- looked up loan by loan, not judged for the whole book
        ) as f;
    end if;
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select f.rule, 'loan', f.loan_id, f.detail, p_batch.batch_id, p_batch.batch_id
    from pg_temp.found as f
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_batch = excluded.last_batch, last_seen = clock_timestamp();

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
                or l.loan_id = any(p_batch.departed)
                or l.loan_id in (
                    select g.subject_id from ops.findings as g
                    where g.rule = 'loans_gone' and g.state in ('open', 'accepted')
                )
            )
            and not exists (
            select from stage.loans as s where s.batch_id = p_batch.batch_id and s.loan_id = l.loan_id
        )
        on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
        do update set last_batch = excluded.last_batch, last_seen = clock_timestamp();
    end if;
    perform ops.close_findings(p_batch, 'loan', v_rules, true);
    perform ops.close_findings(p_batch, 'loan', array['loans_gone'], false);
end;
$$;
