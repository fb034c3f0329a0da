-- The state of a loan of Loanbook's own is a function of its movements, in the order in which they
-- count, and of its classification; in which order they were recorded makes no difference.

-- The day from which on at least so much is paid, whatever comes later; null if less is paid.
create function ops.paid_on(p_loan bigint, p_due numeric)
returns date
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select min(r.day)
    from (
        select
            d.day,
            min(d.paid) over (order by d.day desc) as least_since
        from (
            select p.effective_on as day, sum(sum(p.amount)) over (order by p.effective_on) as paid
            from dm.payments as p
            where p.loan_id = p_loan
            group by p.effective_on
        ) as d
    ) as r
    where r.least_since >= p_due;
$$;

-- What was paid on a loan before 00:00 of a day; money without a day counts as earlier than any.
create function ops.paid_before(p_loan bigint, p_day date)
returns numeric
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sum(p.amount), 0) from dm.payments as p
    where p.loan_id = p_loan and (p.effective_on < p_day or p.effective_on is null);
$$;

-- Writes what a movement makes of a loan, whose row and client are locked: amount_paid, status,
-- paid_at, and what follows for the client.
create function ops.settle_loan(p_loan dm.loans, p_amount numeric)
returns dm.loans
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_total numeric := p_loan.amount_paid + p_amount;
    v_paid_on date;
    v_classified boolean := false;
    v_loan dm.loans;
begin
    if v_total >= p_loan.due_amount then
        v_paid_on := ops.paid_on(p_loan.loan_id, p_loan.due_amount);
    end if;
    if p_loan.classified_on is not null then
        v_classified := ops.paid_before(p_loan.loan_id, p_loan.classified_on) < p_loan.due_amount;
    end if;
    if p_loan.status <> 'ongoing' and v_paid_on is null and not v_classified then
        perform ops.refuse_second_open(p_loan);
    end if;
    update dm.loans as l
    set amount_paid = v_total,
        status = case when v_paid_on is not null then 'paid' when v_classified then 'default' else 'ongoing' end,
        paid_at = greatest(v_paid_on::timestamp, case when v_paid_on is not null then l.created_at end),
        exempt_from = case when v_paid_on is null and not v_classified then l.exempt_from end,
        version = l.version + 1
    where l.loan_id = p_loan.loan_id
    returning * into v_loan;
    if p_loan.status = 'ongoing' and v_loan.status <> 'ongoing' then
        perform ops.close_open_loan(p_loan);
    end if;
    if p_loan.classified_on is not null then
        perform ops.follow_classification(v_loan, p_loan.status, v_classified);
    end if;
    return v_loan;
end;
$$;

-- A reversal must not give a client a second open loan.
create function ops.refuse_second_open(p_loan dm.loans)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_open record;
begin
    select l.loan_id, l.due_on, l.due_amount - l.amount_paid as balance into v_open
    from dm.loans as l
    where l.user_id = p_loan.user_id and l.status = 'ongoing' and l.loan_id <> p_loan.loan_id
    order by l.created_at, l.loan_id limit 1;
    if found then
        perform ops.refuse('reversal_opens_second_loan', format(
            'This would open loan %s again, but client %s has an open loan (%s, due %s, %s to pay).',
            p_loan.loan_id, p_loan.user_id, v_open.loan_id, v_open.due_on, ops.money(v_open.balance)
        ));
    end if;
end;
$$;

-- A loan is open no longer: its exemption has served, and of the client's other open loans, which
-- only files can bring, the oldest is the regular one now.
create function ops.close_open_loan(p_loan dm.loans)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_served bigint := p_loan.exempt_from;
begin
    if v_served is null then
        select l.exempt_from into v_served
        from dm.loans as l
        where l.user_id = p_loan.user_id and l.exempt_from is not null
        order by l.created_at, l.loan_id limit 1;
        if not found then
            return;
        end if;
        update dm.loans as l set exempt_from = null, version = l.version + 1
        where l.user_id = p_loan.user_id and l.exempt_from = v_served;
    end if;
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.finding_id = v_served and f.state in ('open', 'accepted');
end;
$$;

-- What a classified loan means for its client. While the classification stands and the loan is not
-- paid the client is denied. A payment that completes the loan is a cure: it is told of, and the
-- client stays denied until an officer reinstates. A payment dated back so that the loan would not
-- have been classified takes the denial away again.
create function ops.follow_classification(p_loan dm.loans, p_old_status text, p_stands boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_stands and p_loan.status = 'paid' then
        insert into ops.findings (rule, subject, subject_id, detail)
        values (
            'loans_cured', 'loan', p_loan.loan_id,
            format(
                'default as of %s, paid in full on %s; client %s stays denied until reinstated',
                p_loan.classified_on, p_loan.paid_on, p_loan.user_id
            )
        )
        on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
        do update set detail = excluded.detail, last_seen = clock_timestamp();
        return;
    end if;
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.rule = 'loans_cured' and f.subject = 'loan' and f.subject_id = p_loan.loan_id
        and f.state in ('open', 'accepted');
    if p_stands and p_old_status <> p_loan.status then
        perform ops.deny_defaulters(array[p_loan.loan_id]);
    elsif not p_stands then
        perform ops.lift_denial(p_loan);
    end if;
end;
$$;

-- Denies the clients of these defaulted loans as the book prescribes: a defaulter since the day the
-- loan was due. Who is denied already stays so as he was. Their rows are locked. Returns how many.
create function ops.deny_defaulters(p_loans bigint[])
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text := current_setting('loanbook.reason', true);
    v_denied integer;
begin
    perform ops.keep_client_base(c)
    from dm.clients as c
    where c.status = 'approved'
        and c.user_id in (select l.user_id from dm.loans as l where l.loan_id = any(p_loans));
    perform set_config('loanbook.reason', 'a loan is in default', true);
    update dm.clients as c
    set status = 'denied', denied_reason = 'defaulter', denied_at = d.due_at, version = c.version + 1
    from (
        select l.user_id, min(l.due_at) as due_at from dm.loans as l
        where l.loan_id = any(p_loans) group by l.user_id
    ) as d
    where c.user_id = d.user_id and c.status = 'approved';
    get diagnostics v_denied = row_count;
    perform set_config('loanbook.reason', coalesce(v_reason, ''), true);
    return v_denied;
end;
$$;

-- Takes away the denial that this loan's classification made, if it still stands as it was made and
-- no other default keeps it.
create function ops.lift_denial(p_loan dm.loans)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text := current_setting('loanbook.reason', true);
begin
    if exists (
        select from dm.loans as l
        where l.user_id = p_loan.user_id and l.status = 'default' and l.loan_id <> p_loan.loan_id
    ) then
        return;
    end if;
    perform set_config('loanbook.reason', format('loan %s was paid in time after all', p_loan.loan_id), true);
    update dm.clients as c
    set status = 'approved', denied_reason = null, denied_at = null, version = c.version + 1
    where c.user_id = p_loan.user_id and c.status = 'denied'
        and c.denied_reason = 'defaulter' and c.denied_at = p_loan.due_at;
    perform set_config('loanbook.reason', coalesce(v_reason, ''), true);
end;
$$;
