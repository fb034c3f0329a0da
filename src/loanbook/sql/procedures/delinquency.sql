-- How late loans are, as of any day: the book at 00:00 of that day.

-- Days past due: a loan due on D is 0 days late as of D and 1 as of the next day.
create function api.days_past_due(p_due_on date, p_as_of date)
returns integer
language sql immutable
as $$
    select greatest(p_as_of - p_due_on, 0);
$$;

-- The bucket of so many days past due.
create function api.bucket(p_days integer)
returns text
language sql immutable
as $$
    select case
        when p_days <= 0 then 'current'
        when p_days <= 30 then '1-30'
        when p_days <= 60 then '31-60'
        when p_days <= 90 then '61-90'
        when p_days > 90 then '90+'
    end;
$$;

-- What is still to be paid on a loan as of a day; null if it was not issued by then.
create function api.balance(p_loan bigint, p_as_of date)
returns numeric
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select l.due_amount - ops.paid_before(l.loan_id, p_as_of)
    from dm.loans as l
    where l.loan_id = p_loan and l.issued_on < p_as_of and l.status <> 'cancelled';
$$;

-- How one loan stands as of a day, by default the book's: the balance null before it was issued, the
-- bucket null where nothing is open.
create function api.standing(
    p_loan bigint, p_as_of date default null,
    out as_of date, out balance numeric, out days_past_due integer, out bucket text
)
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loan dm.loans;
begin
    as_of := ops.day_of_action(p_as_of);
    select * into v_loan from dm.loans as l where l.loan_id = p_loan;
    if v_loan.issued_on <= as_of and v_loan.status <> 'cancelled' then
        balance := v_loan.due_amount - ops.paid_before(p_loan, as_of);
        days_past_due := 0;
        if balance > 0 and coalesce(v_loan.paid_on >= as_of, true) then
            days_past_due := api.days_past_due(v_loan.due_on, as_of);
            bucket := api.bucket(days_past_due);
        end if;
    end if;
end;
$$;

-- All loans that stand open as of a day: issued before it and not paid in full by then.
create function api.delinquency(p_as_of date)
returns table (
    loan_id bigint, user_id bigint, due_on date, balance numeric, days_past_due integer, bucket text
)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        l.loan_id, l.user_id, l.due_on, l.due_amount - coalesce(m.paid, 0),
        api.days_past_due(l.due_on, p_as_of), api.bucket(api.days_past_due(l.due_on, p_as_of))
    from dm.loans as l
    left join (
        select p.loan_id, sum(p.amount) as paid from dm.payments as p
        where p.effective_on < p_as_of or p.effective_on is null
        group by p.loan_id
    ) as m on m.loan_id = l.loan_id
    where l.issued_on < p_as_of and l.status <> 'cancelled'
        and (l.paid_on is null or l.paid_on >= p_as_of)
        and l.due_amount > coalesce(m.paid, 0);
$$;
