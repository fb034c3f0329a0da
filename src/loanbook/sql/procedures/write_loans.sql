-- Writing loans: openings after all other updates, as statements of their own, because one batch
-- may pay a client's loan and open the next, and an index allows only one open.
create function ops.update_loans(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_opens boolean;
begin
    -- Before the loans are written: to look up a payment's loan costs less while its row is only locked.
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

    -- A loan whose exemption alone changes is not a line of the file that changed: no fate.
    update dm.loans as l set exempt_from = e.finding_id, version = l.version + 1
    from pg_temp.exempt_loans as e
    where l.loan_id = e.loan_id and l.status = 'ongoing' and l.exempt_from is distinct from e.finding_id
        and not exists (select from pg_temp.changed_loans as x where x.loan_id = l.loan_id);
    foreach v_opens in array array[false, true] loop
        with in_turn as materialized (
            select c.*, e.finding_id as exempt_from
            from pg_temp.changed_loans as c
            left join pg_temp.exempt_loans as e on e.loan_id = c.loan_id
            where v_opens = (
                c.status = 'ongoing' and e.finding_id is null
                and (c.old_status <> 'ongoing' or c.old_exempt_from is not null)
            )
        ), done as (
            update dm.loans as l
            set created_at = x.created_at, due_at = x.due_at, paid_at = x.paid_at, status = x.status,
                loan_amount = x.loan_amount, tax = x.tax, due_amount = x.due_amount,
                amount_paid = x.amount_paid, exempt_from = x.exempt_from, version = l.version + 1
            from in_turn as x
            where l.loan_id = x.loan_id and l.loan_id = any(array(select t.loan_id from in_turn as t))
            returning l.loan_amount, l.due_amount, l.amount_paid
        )
        insert into pg_temp.load_totals
        select
            'updated', count(*), coalesce(sum(d.loan_amount), 0),
            coalesce(sum(d.due_amount), 0), coalesce(sum(d.amount_paid), 0)
        from done as d;
        if not v_opens then
            -- Before the openings: loans that are no longer second become regular.
            update dm.loans as l set exempt_from = null, version = l.version + 1
            where l.exempt_from is not null
                and not exists (select from pg_temp.exempt_loans as e where e.loan_id = l.loan_id)
                and not exists (select from pg_temp.changed_loans as x where x.loan_id = l.loan_id);
        end if;
    end loop;
end;
$$;

-- New loans with the terms of their contract, and what had been paid on them at first sight. What is
-- asked of the mart afterwards costs less than handing each row on.
create function ops.insert_loans(p_batch ops.batches, p_into_empty boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into dm.loans (
        loan_id, user_id, created_at, due_at, paid_at, status, loan_amount, tax, due_amount,
        amount_paid, interest_rate, rate_is_implied, exempt_from, owner
    )
    select
        r.loan_id, r.user_id, r.created_at, r.due_at, r.paid_at, r.status, r.loan_amount, r.tax,
        r.due_amount, r.amount_paid,
        case when r.explains then r.client_rate
            else dm.implied_rate(r.loan_amount, r.due_at::date - r.created_at::date, r.due_amount) end,
        not r.explains, r.finding_id, p_batch.source
    from (
        select
            s.*, c.interest_rate as client_rate, e.finding_id,
            dm.rate_explains(
                s.loan_amount, c.interest_rate, s.due_at::date - s.created_at::date, s.due_amount
            ) as explains
        from stage.loans as s
        inner join dm.clients as c on c.user_id = s.user_id
        left join pg_temp.exempt_loans as e on e.loan_id = s.loan_id
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and (p_into_empty or s.loan_id in (select a.loan_id from pg_temp.added_loans as a))
        offset 0 -- the rate is judged once, though the verdict is used twice
    ) as r;

    insert into dm.payments (loan_id, kind, amount, effective_on, owner, batch_id)
    select l.loan_id, 'opening', l.amount_paid, l.paid_on, p_batch.source, p_batch.batch_id
    from dm.loans as l
    where l.amount_paid <> 0
        and (p_into_empty or l.loan_id = any(array(select a.loan_id from pg_temp.added_loans as a)));

    insert into pg_temp.load_totals
    select
        'inserted', count(*), coalesce(sum(l.loan_amount), 0),
        coalesce(sum(l.due_amount), 0), coalesce(sum(l.amount_paid), 0)
    from dm.loans as l
    where p_into_empty or l.loan_id = any(array(select a.loan_id from pg_temp.added_loans as a));
end;
$$;
