-- Hands letters to a sender: at most p_most that are due, the oldest first, never one that another
-- sender is looking at. All that could keep a letter back is read again now: what is paid or past
-- its day is cancelled, what must not go out is suppressed with its reason. The caller commits
-- before it sends anything.
create function api.claim_letters(
    p_sender_id bigint, p_channel text, p_now timestamptz, p_most integer, p_rules jsonb
)
returns table (
    letter_id bigint, kind text, user_id bigint, local_date date, address text, name text,
    locale text, optional boolean, attempt integer, loans jsonb, about jsonb
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- Planning anew for each claim takes longer than all else in it.
set plan_cache_mode = force_generic_plan
as $$
declare
    v_today date := ops.local_date(p_now);
    v_open boolean := coalesce((p_rules ->> 'opens_at')::timestamptz <= p_now, false)
        and api.letters_gate(v_today, p_now, p_rules) is null;
    v_looked_at bigint[];
    v_claimed bigint[] := '{}';
begin
    perform ops.actor();
    if p_sender_id <> all (ops.living_senders(p_here => true)) then
        perform ops.refuse('sender_is_here', format('Sender %s is not of this session.', p_sender_id));
    end if;
    perform ops.cancel_other_days(v_today);
    while cardinality(v_claimed) < p_most loop
        v_looked_at := array(
            select t.letter_id from ops.letters as t
            where t.state in ('planned', 'failed') and t.due_from <= p_now and t.channel = p_channel
                and (t.user_id is null or v_open and t.local_date = v_today)
            order by t.due_from, t.letter_id
            limit p_most - cardinality(v_claimed)
            for update skip locked
        );
        exit when v_looked_at = '{}';
        with judged as (
            update ops.letters as t
            set state = j.state, reason = j.reason,
                sender_id = case j.state when 'claimed' then p_sender_id else t.sender_id end,
                address_digest = case j.state when 'claimed' then ops.address_digest(j.address) end,
                attempts = t.attempts + (j.state = 'claimed')::integer,
                claimed_at = case j.state when 'claimed' then clock_timestamp() else t.claimed_at end,
                ended_at = case j.state when 'claimed' then null else clock_timestamp() end
            from ops.judged_letters(v_looked_at, v_today, p_rules) as j
            where t.letter_id = any(v_looked_at) and t.letter_id = j.letter_id
            returning t.letter_id, t.state
        )
        select v_claimed || coalesce(array_agg(j.letter_id order by j.letter_id), '{}') into v_claimed
        from judged as j where j.state = 'claimed';
    end loop;
    update ops.letter_loans as e set state = 'cancelled'
    where e.letter_id = any(v_claimed) and e.state = 'planned' and e.loan_id <> all (array(
        select c.loan_id from ops.standing_causes as c
        where c.letter_id = e.letter_id and not c.is_disputed
    ));
    return query select c.* from ops.claimed_letters(v_claimed, v_today) as c;
end;
$$;

-- What each letter comes to by what stands now.
create function ops.judged_letters(p_letters bigint[], p_today date, p_rules jsonb)
returns table (letter_id bigint, state text, reason text, address text)
language plpgsql stable
rows 20
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        t.letter_id,
        case v.reason
            when 'nothing is open any more' then 'cancelled'
            else case when v.reason is null then 'claimed' else 'suppressed' end
        end,
        v.reason, coalesce(t.recipient, k.email)
    from ops.letters as t
    left join dm.contacts as k on k.user_id = t.user_id
    left join ops.suppressions as s
        on s.address_digest = ops.address_digest(coalesce(t.recipient, k.email)) and s.lifted_at is null
    cross join lateral (
        select count(*) as loans, count(*) filter (where c.is_disputed) as disputed
        from ops.standing_causes as c
        where c.letter_id = t.letter_id
    ) as n
    cross join lateral (
        select sum(l.due_amount - l.amount_paid) as balance
        from dm.loans as l
        where t.kind = 'reminder' and l.user_id = t.user_id
            and l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid
            and not exists (select from ops.disputes as d where d.loan_id = l.loan_id and d.settled_at is null)
    ) as b
    cross join lateral (
        select count(*) as letters from ops.letters as o
        where o.user_id = t.user_id and o.letter_id <> t.letter_id
            and o.local_date > p_today - 7 and o.local_date <= p_today and ops.counts_for_cap(o)
    ) as w
    cross join lateral (
        select case
            when t.user_id is null then case when s.suppression_id is not null then 'suppressed' end
            when n.loans = 0 then 'nothing is open any more'
            when n.loans = n.disputed then 'disputed'
            when t.kind = 'reminder' and b.balance < (p_rules ->> 'minimum')::numeric then 'below_minimum'
            when not ops.is_address(k.email) then 'no_contact'
            when s.suppression_id is not null then 'suppressed'
            when t.optional and k.opted_out_at is not null then 'opted_out'
            when w.letters >= (p_rules ->> 'most_in_7_days')::integer then 'cap_reached'
        end as reason
    ) as v
    where t.letter_id = any(p_letters);
end;
$$;

-- All that the texts of claimed letters need. A reminder tells of all that is open and undisputed.
create function ops.claimed_letters(p_letters bigint[], p_today date)
returns table (
    letter_id bigint, kind text, user_id bigint, local_date date, address text, name text,
    locale text, optional boolean, attempt integer, loans jsonb, about jsonb
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        t.letter_id, t.kind, t.user_id, t.local_date, coalesce(t.recipient, k.email), k.name, k.locale,
        t.optional, t.attempts, coalesce(o.loans, '[]'), t.about
    from ops.letters as t
    left join dm.contacts as k on k.user_id = t.user_id
    left join lateral (
        select jsonb_agg(ops.told_loan(l, p_today, c.step) order by l.due_on, l.loan_id) as loans
        from dm.loans as l
        left join ops.standing_causes as c on c.letter_id = t.letter_id and c.loan_id = l.loan_id
        where l.user_id = t.user_id
            and case t.kind
                when 'paid_off' then c.loan_id is not null
                else l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid
            end
            and not exists (select from ops.disputes as d where d.loan_id = l.loan_id and d.settled_at is null)
    ) as o on true
    where t.letter_id = any(p_letters)
    order by t.due_from, t.letter_id;
end;
$$;
