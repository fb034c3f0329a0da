-- Loanbook's own open loans that are past their grace as of a day, by what was paid before it.
create function ops.past_grace(p_as_of date)
returns table (loan_id bigint, user_id bigint)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select l.loan_id, l.user_id
    from dm.loans as l
    inner join dm.products as p on p.product_version = l.product_version
    where l.loan_id >= 1000000000 and l.status = 'ongoing'
        and api.days_past_due(l.due_on, p_as_of) > p.grace_days
        and ops.paid_before(l.loan_id, p_as_of) < l.due_amount;
$$;

-- Marks them as defaults and denies their clients; where a source says other than this rule would,
-- there is a finding, because a source's loans are not for this book to change. Says how many loans
-- and clients it changed, and how many findings it opened and closed; a second time it is none.
create function api.classify(
    p_as_of date default null, out as_of date, out defaulted integer, out denied integer,
    out noted integer, out closed integer
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loans bigint[];
begin
    perform ops.actor();
    as_of := ops.day_of_action(p_as_of);
    perform ops.refuse_future(as_of, 'A classification');
    -- Not while a load judges the same loans.
    perform pg_advisory_xact_lock(ops.lock_key('load'));
    v_loans := ops.lock_past_grace(as_of);
    perform set_config('loanbook.reason', format('past its grace as of %s', as_of), true);
    with marked as (
        update dm.loans as l
        set status = 'default', classified_on = classify.as_of, exempt_from = null, version = l.version + 1
        from ops.past_grace(classify.as_of) as g
        where l.loan_id = g.loan_id and l.loan_id = any(v_loans)
        returning l.loan_id
    )
    select array(select m.loan_id from marked as m) into v_loans;
    defaulted := cardinality(v_loans);
    denied := ops.deny_defaulters(v_loans);
    perform ops.close_open_loans(v_loans);
    perform set_config('loanbook.reason', '', true);
    select n.noted, n.closed into noted, closed from ops.note_disagreements(as_of) as n;
end;
$$;

-- Locks what a classification may change, clients first, each in the order of keys.
create function ops.lock_past_grace(p_as_of date)
returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loans bigint[];
begin
    v_loans := array(select g.loan_id from ops.past_grace(p_as_of) as g);
    perform c.user_id from dm.clients as c
    where c.user_id in (select l.user_id from dm.loans as l where l.loan_id = any(v_loans))
    order by c.user_id
    for no key update of c;
    perform l.loan_id from dm.loans as l where l.loan_id = any(v_loans)
    order by l.loan_id
    for no key update of l;
    return v_loans;
end;
$$;

-- Of several open loans of one client some may have become defaults.
create function ops.close_open_loans(p_loans bigint[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loan dm.loans;
begin
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.rule = 'loans_second_open' and f.subject = 'loan' and f.subject_id = any(p_loans)
        and f.state in ('open', 'accepted');
    for v_loan in
        select distinct on (l.user_id) l.* from dm.loans as l
        where l.loan_id = any(p_loans)
            and exists (select from dm.loans as e where e.user_id = l.user_id and e.exempt_from is not null)
            and not exists (
                select from dm.loans as o
                where o.user_id = l.user_id and o.status = 'ongoing' and o.exempt_from is null
            )
    loop
        perform ops.close_open_loan(v_loan);
    end loop;
end;
$$;

-- Loans of sources whose status is another than the rule of this book would give them.
create function ops.note_disagreements(p_as_of date, out noted integer, out closed integer)
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_rules text[] := array[
        'loans_ongoing_past_grace', 'loans_ongoing_though_paid', 'loans_default_though_paid',
        'loans_default_within_grace', 'loans_default_undenied'
    ];
begin
    drop table if exists pg_temp.disagreements;
    create temp table disagreements on commit drop as
    select f.rule, l.loan_id, f.detail
    from dm.loans as l
    inner join dm.clients as c on c.user_id = l.user_id
    left join dm.products as p on p.product_id = 1 and p.validity @> l.issued_on
    cross join lateral (
        select
            api.days_past_due(l.due_on, p_as_of) > coalesce(p.grace_days, 0) as is_past_grace,
            l.amount_paid >= l.due_amount as is_paid,
            format('%s days past due as of %s', api.days_past_due(l.due_on, p_as_of), p_as_of) as lateness,
            format('paid %s of %s', l.amount_paid, l.due_amount) as payment
    ) as d
    cross join lateral (
        values
        (v_rules[1], l.status = 'ongoing' and d.is_past_grace and not d.is_paid, d.lateness),
        (v_rules[2], l.status = 'ongoing' and d.is_paid, d.payment),
        (v_rules[3], l.status = 'default' and d.is_paid, d.payment),
        (v_rules[4], l.status = 'default' and not d.is_past_grace, d.lateness),
        (v_rules[5], l.status = 'default' and c.status <> 'denied', 'client ' || c.user_id || ' is approved')
    ) as f (rule, found, detail)
    where l.loan_id < 1000000000 and l.status in ('ongoing', 'default') and f.found;

    with told as (
        insert into ops.findings (rule, subject, subject_id, detail)
        select d.rule, 'loan', d.loan_id, d.detail from pg_temp.disagreements as d order by d.loan_id, d.rule
        on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
        do update set detail = excluded.detail, last_seen = clock_timestamp()
        returning xmax = 0 as is_new
    )
    select count(*) filter (where t.is_new) into noted from told as t;
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.state = 'open' and f.subject = 'loan' and f.rule = any(v_rules)
        and not exists (
            select from pg_temp.disagreements as d where d.rule = f.rule and d.loan_id = f.subject_id
        );
    get diagnostics closed = row_count;
end;
$$;
