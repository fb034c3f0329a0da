-- Who is reminded today, and of whoever is not, why. What p_rules holds: steps, reach, minimum,
-- most_in_7_days, forgiven, most_quarantined as in loanbook.toml, and opens_at: when letters may go
-- today, null if they may not (any more).

-- Why nothing goes out; null if the gate is open. The day whose book it is must be today at the
-- lender's, so that no letter tells at midnight of yesterday's book.
create function api.letters_gate(p_as_of date, p_now timestamptz, p_rules jsonb)
returns text
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_as_of <> ops.local_date(p_now) then format(
            'The book of %s is not that of today, %s.', p_as_of, ops.local_date(p_now)
        )
        else (
            select g.reason from api.book_is_sound(
                p_as_of, coalesce((p_rules ->> 'most_quarantined')::numeric, 0.05)
            ) as g
        )
    end;
$$;

-- The date of an instant in the lender's zone.
create function ops.local_date(p_now timestamptz)
returns date
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select (p_now at time zone k.zone)::date from ops.book as k;
$$;

-- One row per open loan, and per loan paid off of late that nobody was thanked for. A cause is what
-- a letter is written for; by hand, every open loan is one. The step is the latest that is
-- reached. It is told today unless it was, or the loan is past the reach, or is seen for the first
-- time and the step is older than what is forgiven.
create function ops.reminder_loans(p_today date, p_rules jsonb, p_user_id bigint, p_by_hand boolean)
returns table (
    loan_id bigint, user_id bigint, kind text, due_on date, days_after integer, balance numeric,
    step integer, is_recorded boolean, is_new boolean, is_cause boolean, is_disputed boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_steps integer[] := array(
        select s.step::integer from jsonb_array_elements_text(p_rules -> 'steps') as s (step) order by 1
    );
    v_reach integer := p_rules ->> 'reach';
    v_forgiven integer := p_rules ->> 'forgiven';
begin
    return query
    select
        l.loan_id, l.user_id, 'reminder', l.due_on, p_today - l.due_on, l.due_amount - l.amount_paid,
        case when p_by_hand
            then ops.step_by_hand(l.loan_id, l.due_on, p_today - l.due_on, v_steps)
            else s.step
        end,
        t.loan_id is not null,
        coalesce(g.since >= p_today, true),
        p_by_hand or coalesce(
            s.step is not null and t.loan_id is null and p_today - l.due_on <= v_reach
            and (g.since < p_today or p_today - l.due_on - s.step <= v_forgiven), false
        ),
        d.loan_id is not null
    from dm.loans as l
    cross join lateral (
        select max(u.step) as step from unnest(v_steps) as u (step) where u.step <= p_today - l.due_on
    ) as s
    left join ops.loans_in_sight as g on g.loan_id = l.loan_id and g.due_on = l.due_on
    left join ops.disputes as d on d.loan_id = l.loan_id and d.settled_at is null
    left join ops.letter_loans as t
        on t.loan_id = l.loan_id and t.due_on = l.due_on and t.step = s.step and t.channel = 'email'
        and t.kind = 'reminder' and t.state <> 'cancelled'
    where l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid
        and (p_user_id is null or l.user_id = p_user_id)
    union all
    select
        l.loan_id, l.user_id, 'paid_off', l.due_on, p_today - l.due_on, 0, null, false, false, true,
        d.loan_id is not null
    from dm.loans as l
    left join ops.disputes as d on d.loan_id = l.loan_id and d.settled_at is null
    -- The book of a day tells what was paid before it.
    where l.status = 'paid' and l.paid_on between p_today - v_forgiven - 1 and p_today
        and (p_user_id is null or l.user_id = p_user_id)
        and not exists (
            select from ops.letter_loans as t
            where t.loan_id = l.loan_id and t.due_on = l.due_on and t.channel = 'email'
                and t.kind = 'paid_off' and t.state <> 'cancelled'
        );
end;
$$;

-- Which step a letter by hand stands for: the latest one that is reached, if nobody told it; else
-- the one that tomorrow would tell, so that it is not told again next morning.
create function ops.step_by_hand(p_loan_id bigint, p_due_on date, p_days_after integer, p_steps integer[])
returns integer
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select s.step
    from (
        (select u.step from unnest(p_steps) as u (step) where u.step <= p_days_after order by 1 desc limit 1)
        union all
        select u.step from unnest(p_steps) as u (step) where u.step = p_days_after + 1
    ) as s
    where not exists (
        select from ops.letter_loans as t
        where t.loan_id = p_loan_id and t.due_on = p_due_on and t.step = s.step
            and t.channel = 'email' and t.kind = 'reminder' and t.state <> 'cancelled'
    )
    order by s.step limit 1;
$$;

-- One row per client with something to tell or anything open: what it gets today, or why nothing.
create function ops.reminder_clients(
    p_as_of date, p_now timestamptz, p_rules jsonb, p_user_id bigint, p_by_hand boolean
)
returns table (
    user_id bigint, local_date date, kind text, outcome text, optional boolean, balance numeric,
    days_left integer, step integer
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_today date := ops.local_date(p_now);
    v_gate text := api.letters_gate(p_as_of, p_now, p_rules);
    v_minimum numeric := p_rules ->> 'minimum';
    v_most integer := p_rules ->> 'most_in_7_days';
    v_opens timestamptz := p_rules ->> 'opens_at';
begin
    return query
    with found as (
        select
            l.user_id,
            coalesce(bool_or(l.kind = 'reminder' and l.is_cause and not l.is_disputed), false) as is_reminded,
            coalesce(bool_or(l.kind = 'paid_off' and not l.is_disputed), false) as is_thanked,
            bool_or(l.is_cause and l.is_disputed) as is_disputed,
            sum(l.balance) as balance,
            sum(l.balance) filter (where not l.is_disputed) as told,
            bool_and(l.days_after < 0)
                filter (where l.kind = 'reminder' and l.is_cause and not l.is_disputed) as is_early,
            -max(l.days_after) filter (where l.kind = 'reminder') as days_left,
            max(l.step) filter (where l.is_cause and not l.is_disputed) as step
        from ops.reminder_loans(v_today, p_rules, p_user_id, p_by_hand) as l
        group by l.user_id
    ), written as (
        select
            t.user_id,
            -- What failed for the day is not planned anew on that day.
            bool_or(t.local_date = v_today and (t.state <> 'cancelled' or t.attempts > 0)) as has_today,
            count(*) filter (where ops.counts_for_cap(t)) as letters
        from ops.letters as t
        where t.local_date > v_today - 7 and t.local_date <= v_today and t.user_id is not null
            and (p_user_id is null or t.user_id = p_user_id)
        group by t.user_id
    )
    select
        f.user_id, v_today,
        case when f.is_thanked and not f.is_reminded then 'paid_off' else 'reminder' end,
        case
            when v_gate is not null then 'gate_closed'
            when w.has_today then 'already_told'
            when not f.is_reminded and not f.is_thanked
                then case when f.is_disputed then 'disputed' else 'no_step' end
            when f.is_reminded and f.told < v_minimum then 'below_minimum'
            when not ops.is_address(k.email) then 'no_contact'
            when s.suppression_id is not null then 'suppressed'
            when k.opted_out_at is not null and coalesce(f.is_early, true) then 'opted_out'
            when w.letters >= v_most then 'cap_reached'
            when v_opens is null then 'outside_window'
            else 'due'
        end,
        coalesce(f.is_early, f.is_thanked), f.balance, f.days_left, f.step
    from found as f
    left join dm.contacts as k on k.user_id = f.user_id
    left join written as w on w.user_id = f.user_id
    left join ops.suppressions as s
        on s.address_digest = ops.address_digest(k.email) and s.lifted_at is null;
end;
$$;

-- Whether a letter counts among those that a client gets in seven days.
create function ops.counts_for_cap(p_letter ops.letters)
returns boolean
language sql immutable
as $$
    select p_letter.state in ('planned', 'claimed', 'sent', 'unknown')
        or p_letter.state = 'failed' and p_letter.due_from is not null;
$$;

create function ops.is_address(p_email text)
returns boolean
language sql immutable
as $$
    select coalesce(
        p_email ~ '^[^@[:space:][:cntrl:]]+@([^@.[:space:][:cntrl:]]+\.)+[^@.[:space:][:cntrl:]]+$', false
    );
$$;

-- Where an address is remembered without being kept.
create function ops.address_digest(p_address text)
returns text
language sql stable
as $$
    select encode(sha256(convert_to(lower(btrim(p_address)), 'UTF8')), 'hex');
$$;

-- A loan as letters tell it; amounts as texts with all their digits.
create function ops.told_loan(p_loan dm.loans, p_today date, p_step integer)
returns jsonb
language sql stable
as $$
    select jsonb_build_object(
        'loan_id', p_loan.loan_id, 'issued_on', p_loan.issued_on, 'due_on', p_loan.due_on,
        'step', p_step, 'days_left', p_loan.due_on - p_today,
        'principal', p_loan.loan_amount::text, 'due_amount', p_loan.due_amount::text,
        'amount_paid', p_loan.amount_paid::text,
        'balance', greatest(p_loan.due_amount - p_loan.amount_paid, 0)::text,
        'weekly_pace', case when p_loan.due_on - p_today >= 7 and p_loan.due_amount > p_loan.amount_paid
            then (ceil(
                100 * (p_loan.due_amount - p_loan.amount_paid) / ((p_loan.due_on - p_today) / 7)
            ) / 100)::numeric(14, 2)::text
        end
    );
$$;

create function api.reminders_due(p_as_of date, p_now timestamptz, p_rules jsonb)
returns table (
    user_id bigint, local_date date, kind text, outcome text, optional boolean, balance numeric,
    days_left integer, step integer, loans jsonb
)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    with told as (
        select
            f.user_id,
            jsonb_agg(
                ops.told_loan(l, ops.local_date(p_now), case when f.is_cause then f.step end)
                || jsonb_build_object('kind', f.kind, 'disputed', f.is_disputed)
                order by l.due_on, l.loan_id
            ) as loans
        from ops.reminder_loans(ops.local_date(p_now), p_rules, null, false) as f
        inner join dm.loans as l on l.loan_id = f.loan_id
        group by f.user_id
    )
    select c.*, t.loans
    from ops.reminder_clients(p_as_of, p_now, p_rules, null, false) as c
    inner join told as t on t.user_id = c.user_id;
$$;
