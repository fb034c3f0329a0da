-- The book as of a day, in sums, as it is known now. A second time it is recorded only if the mart
-- has changed since; what was recorded before stays. Says how many loans it holds, and whether
-- anything was recorded.
create function api.record_day(p_run_id bigint, p_as_of date, out loans bigint, out recorded boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops.running(p_run_id);
    v_snapshot bigint;
begin
    perform set_config('loanbook.as_of', p_as_of::text, true);
    insert into ops.daily_books (as_of, mark, run_id, attempt, clients, approved_clients, borrowers)
    select
        p_as_of, ops.mark(), p_run_id, v_run.attempt, count(*), count(*) filter (where c.is_approved),
        (select count(distinct l.user_id) from report.loans_as_of as l)
    from report.clients_as_of as c
    on conflict (as_of, mark) do nothing
    returning snapshot_id into v_snapshot;
    recorded := v_snapshot is not null;
    if recorded then
        perform ops.record_figures(v_snapshot);
    end if;
    select coalesce(sum(f.loans), 0) into loans
    from ops.daily_figures as f
    inner join ops.daily_books as b on b.snapshot_id = f.snapshot_id
    where b.as_of = p_as_of and b.mark = ops.mark() and f.cut = 'book';
end;
$$;

create function ops.record_figures(p_snapshot_id bigint)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into ops.daily_figures (
        snapshot_id, cut, part, status, bucket, loans, principal, due_amount, amount_paid, balance
    )
    with placed as (
        select
            c.batch::text as batch, trim_scale(l.interest_rate)::text as rate,
            to_char(l.issue_month, 'YYYY-MM') as season, l.status, l.loan_amount, l.due_amount, l.amount_paid,
            case when s.is_owed then l.due_amount - l.amount_paid else 0 end as balance,
            case when s.is_owed then api.bucket(l.days_past_due) else 'closed' end as bucket
        from report.loans_as_of as l
        inner join report.clients as c on c.user_id = l.user_id
        cross join lateral (
            select l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid as is_owed
        ) as s
    )
    select
        p_snapshot_id,
        case
            when grouping(p.batch) = 0 then 'batch' when grouping(p.rate) = 0 then 'interest_rate'
            when grouping(p.season) = 0 then 'season' else 'book'
        end,
        case
            when grouping(p.batch) = 0 then p.batch when grouping(p.rate) = 0 then coalesce(p.rate, 'unknown')
            when grouping(p.season) = 0 then p.season else 'all'
        end,
        p.status, p.bucket, count(*), sum(p.loan_amount), sum(p.due_amount), sum(p.amount_paid), sum(p.balance)
    from placed as p
    group by grouping sets (
        (p.status, p.bucket), (p.batch, p.status, p.bucket), (p.rate, p.status, p.bucket),
        (p.season, p.status, p.bucket)
    );
$$;
