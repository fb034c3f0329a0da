-- Plans today's letters to clients, or by hand the letter of one client. Plans of other days are
-- cancelled, and steps that will not be told any more are recorded as missed. A second time
-- it plans nothing. Says how many clients had which outcome; of those due, a letter is planned.
create function api.queue_reminders(
    p_as_of date, p_now timestamptz, p_rules jsonb, p_user_id bigint default null
)
returns table (outcome text, clients bigint)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_today date := ops.local_date(p_now);
    v_cancelled bigint;
    v_missed bigint := 0;
begin
    perform ops.actor();
    if p_user_id is not null and not exists (select from dm.clients as c where c.user_id = p_user_id) then
        perform ops.refuse('client_exists', format('There is no client %s.', p_user_id), 'LB404');
    end if;
    -- Two that plan at once would plan the same letters; the unique keys would refuse one of them.
    perform pg_advisory_xact_lock(ops.lock_key('letters'));
    v_cancelled := ops.cancel_other_days(v_today);
    drop table if exists pg_temp.reminded_loans, pg_temp.reminded_clients;
    create temp table reminded_loans on commit drop as
    select l.* from ops.reminder_loans(v_today, p_rules, p_user_id, p_user_id is not null) as l;
    create temp table reminded_clients on commit drop as
    select c.* from ops.reminder_clients(p_as_of, p_now, p_rules, p_user_id, p_user_id is not null) as c;
    analyze pg_temp.reminded_loans;
    if api.letters_gate(p_as_of, p_now, p_rules) is null then
        v_missed := ops.note_missed_steps(v_today, p_rules);
        perform ops.plan_letters(p_rules, p_user_id is not null);
    end if;
    return query
    select c.outcome, count(*) from pg_temp.reminded_clients as c group by c.outcome
    union all
    select n.outcome, n.clients from (
        values ('cancelled_plans', v_cancelled), ('missed_steps', v_missed)
    ) as n (outcome, clients) where n.clients > 0;
end;
$$;

-- A letter goes on its day only: what did not is cancelled, and its step may be planned anew.
create function ops.cancel_other_days(p_today date)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_cancelled bigint;
begin
    -- Mostly there is none: the ends of an index say so at once.
    if not exists (
        select from (
            select min(w.local_date) as first, max(w.local_date) as last from ops.letters as w
            where w.state in ('planned', 'failed') and w.due_from is not null and w.user_id is not null
        ) as d
        where d.first <> p_today or d.last <> p_today
    ) then
        return 0;
    end if;
    update ops.letters as t
    set state = 'cancelled', reason = 'its day passed', ended_at = clock_timestamp()
    where t.letter_id in (
        select w.letter_id from ops.letters as w
        where w.state in ('planned', 'failed') and w.due_from is not null
            and w.user_id is not null and w.local_date <> p_today
        for update skip locked
    );
    get diagnostics v_cancelled = row_count;
    return v_cancelled;
end;
$$;

-- All open loans are in sight now. Steps before the latest that is reached will not be told; of a
-- loan that is new, the latest neither, if it is old.
create function ops.note_missed_steps(p_today date, p_rules jsonb)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_missed bigint;
begin
    insert into ops.letter_loans (loan_id, due_on, step, state, noted_on)
    select l.loan_id, l.due_on, s.step, 'missed', p_today
    from pg_temp.reminded_loans as l
    cross join lateral (
        select r.step::integer, max(r.step::integer) over () as latest
        from jsonb_array_elements_text(p_rules -> 'steps') as r (step)
        where r.step::integer <= l.days_after
    ) as s
    where l.kind = 'reminder' and not l.is_recorded
        and l.days_after <= (p_rules ->> 'reach')::integer
        and (s.step < s.latest or l.is_new and not l.is_cause)
    on conflict (loan_id, due_on, step, channel) where kind = 'reminder' and state <> 'cancelled'
    do nothing;
    get diagnostics v_missed = row_count;
    insert into ops.loans_in_sight (loan_id, due_on, since)
    select l.loan_id, l.due_on, p_today from pg_temp.reminded_loans as l
    where l.kind = 'reminder' and l.is_new
    on conflict do nothing;
    return v_missed;
end;
$$;

create function ops.plan_letters(p_rules jsonb, p_by_hand boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_told bigint;
begin
    with planned as (
        insert into ops.letters (kind, user_id, local_date, optional, by_hand, due_from, actor)
        select
            c.kind, c.user_id, c.local_date, c.optional, p_by_hand,
            (p_rules ->> 'opens_at')::timestamptz, ops.actor()
        from pg_temp.reminded_clients as c
        where c.outcome = 'due'
        order by c.user_id
        on conflict (user_id, channel, local_date) where user_id is not null and state <> 'cancelled'
        do nothing
        returning letter_id, user_id, kind, local_date
    )
    insert into ops.letter_loans (letter_id, loan_id, due_on, kind, step, noted_on)
    select p.letter_id, l.loan_id, l.due_on, l.kind, l.step, p.local_date
    from planned as p
    inner join pg_temp.reminded_loans as l
        on l.user_id = p.user_id and l.kind = p.kind and l.is_cause and not l.is_disputed;
    get diagnostics v_told = row_count;
    if v_told > 1000 then -- senders look at them at once, and must not sort them all each time
        perform ops.analyze('ops.letters');
        perform ops.analyze('ops.letter_loans');
    end if;
end;
$$;
