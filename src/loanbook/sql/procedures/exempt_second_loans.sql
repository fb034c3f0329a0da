-- Of several open loans of one client the oldest is the regular one; each other is kept, exempt,
-- and names the finding that tells of it. Judged anew on each load, for every client in question:
-- the book as it will stand after this batch.
create function ops.exempt_second_loans(p_batch ops.batches, p_into_empty boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
begin
    create temp table exempt_loans on commit drop as
    with coming as (
        select s.loan_id, s.user_id, s.created_at
        from stage.loans as s
        where s.batch_id = p_batch.batch_id and s.set_aside is null and s.status = 'ongoing'
            and (p_into_empty or s.line_no in (select f.line_no from pg_temp.fresh_lines as f))
    ), in_question as (
        -- A loan that was open already leaves its client with the one that an index allows.
        select c.user_id from coming as c
        where not exists (
            select from pg_temp.changed_loans as x
            where x.loan_id = c.loan_id and x.old_status = 'ongoing'
        )
        union
        select l.user_id from dm.loans as l where l.exempt_from is not null
    ), open_after as (
        select c.loan_id, c.user_id, c.created_at from coming as c
        union all -- a repeated line that says what the mart holds comes in twice
        select l.loan_id, l.user_id, l.created_at
        from dm.loans as l
        where not p_into_empty and l.status = 'ongoing'
            and l.user_id = any(array(select q.user_id from in_question as q))
            and not exists (select from pg_temp.changed_loans as x where x.loan_id = l.loan_id)
    ), in_turn as (
        select distinct o.loan_id, o.user_id, o.created_at
        from open_after as o
        where o.user_id in (
            select a.user_id from open_after as a group by a.user_id having min(a.loan_id) < max(a.loan_id)
        )
    ), ranked as (
        select
            o.loan_id, o.user_id,
            row_number() over w as place,
            first_value(o.loan_id) over w as regular_loan
        from in_turn as o
        window w as (partition by o.user_id order by o.created_at, o.loan_id)
    ), noted as (
        insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
        select
            'loans_second_open', 'loan', r.loan_id,
            format('client %s has the older open loan %s', r.user_id, r.regular_loan),
            p_batch.batch_id, p_batch.batch_id
        from ranked as r
        where r.place > 1
        on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
        do update set detail = excluded.detail, last_batch = excluded.last_batch,
            last_seen = clock_timestamp()
        returning subject_id, finding_id
    )
    select n.subject_id as loan_id, n.finding_id from noted as n;
    analyze pg_temp.exempt_loans; -- few, or joining it would cost a table of all lines
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.rule = 'loans_second_open' and f.state = 'open'
        and not exists (select from pg_temp.exempt_loans as e where e.loan_id = f.subject_id);
end;
$$;
