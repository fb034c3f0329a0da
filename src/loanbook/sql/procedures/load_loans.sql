-- All rules that a staged loan breaks by itself; empty if it may enter the mart.
-- The names are those of the mart's constraints wherever one guards the same.
create function ops.loan_faults(s stage.loans)
returns text[]
language sql immutable
as $$
    select array_remove(array[
        case when s.loan_id is null then 'loans_loan_id_missing'
            when s.loan_id not between 1 and 999999999 then 'loans_loan_id_owner' end,
        case when s.user_id is null then 'loans_user_id_missing' end,
        case when s.created_at is null then 'loans_created_at_missing'
            when s.created_at < '1900-01-01' or s.created_at >= '2200-01-01'
                then 'loans_created_at_range' end,
        case when s.due_at is null then 'loans_due_at_missing'
            when s.due_at >= '2200-01-01' then 'loans_due_at_range'
            when s.due_at <= s.created_at then 'loans_due_after_created' end,
        case when s.status is null then 'loans_status_missing'
            when s.status not in ('ongoing', 'paid', 'default', 'cancelled', 'written_off')
                then 'loans_status_known' end,
        case when s.status = 'paid' and s.paid_at is null then 'loans_paid_has_date' end,
        case when s.status <> 'paid' and s.paid_at is not null then 'loans_unpaid_has_no_date' end,
        case when s.paid_at < s.created_at then 'loans_paid_not_before_created'
            when s.paid_at >= '2200-01-01' then 'loans_paid_at_range' end,
        case when s.loan_amount is null then 'loans_loan_amount_missing'
            when s.loan_amount <= 0 or s.loan_amount >= 1e12 then 'loans_loan_amount_positive'
            when scale(s.loan_amount) > 2 and s.loan_amount <> round(s.loan_amount, 2)
                then 'loans_loan_amount_two_decimals' end,
        case when s.tax is null then 'loans_tax_missing'
            when s.tax < 0 or s.tax >= 1e12 then 'loans_tax_valid'
            when scale(s.tax) > 2 and s.tax <> round(s.tax, 2)
                then 'loans_tax_two_decimals' end,
        case when s.due_amount is null then 'loans_due_amount_missing'
            when s.due_amount <= 0 or s.due_amount >= 1e12 then 'loans_due_amount_positive'
            when scale(s.due_amount) > 2 and s.due_amount <> round(s.due_amount, 2)
                then 'loans_due_amount_two_decimals' end,
        case when s.amount_paid is null then 'loans_amount_paid_missing'
            when s.amount_paid < 0 or s.amount_paid >= 1e12 then 'loans_amount_paid_valid'
            when scale(s.amount_paid) > 2 and s.amount_paid <> round(s.amount_paid, 2)
                then 'loans_amount_paid_two_decimals' end
    ], null);
$$;

-- Loans, stage to mart, without duplicates: inserts what is new, updates what differs, keeps the
-- payments in step with amount_paid. One batch, in the caller's transaction.
create function api.load_loans(p_batch_id bigint, p_allow_deletions boolean default false)
returns ops.batches
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_batch ops.batches := ops.begin_load(p_batch_id, 'loans');
    v_into_empty boolean := ops.holds_no_loans();
    v_repeats bigint [] := ops.repeated_keys(v_batch);
    v_refusal text;
begin
    perform ops.find_fresh_lines(v_batch, v_repeats, v_into_empty);
    update stage.loans as s
    set set_aside = 'quarantined', faults = ops.merged_faults(s.faults, ops.loan_faults(s))
    where s.batch_id = p_batch_id and (
        s.set_aside is not null
        or (v_into_empty or s.line_no in (select f.line_no from pg_temp.fresh_lines as f))
        and ops.loan_faults(s) <> '{}'
    );
    perform ops.set_aside_unknown_clients(v_batch, v_into_empty);
    perform ops.set_aside_repeats(v_batch, v_repeats);
    if not v_into_empty then
        perform ops.lock_borrowers(v_batch);
    end if;
    perform ops.find_changed_loans(v_batch);

    v_refusal := ops.refusal_of(v_batch);
    if v_refusal is not null then
        return ops.refuse_batch(v_batch, v_refusal);
    end if;

    if v_into_empty then
        perform ops.relax_table('dm.payments');
        perform ops.relax_table('dm.loans');
        perform ops.relax_table('audit.loans');
    end if;
    perform ops.exempt_second_loans(v_batch, v_into_empty);
    perform ops.update_loans(v_batch);
    perform ops.insert_loans(v_batch, v_into_empty);
    if v_into_empty then
        perform ops.analyze('dm.loans'); -- first: then foreign keys of few rows are checked by an index
        perform ops.restore_tables();
    end if;
    perform ops.note_loan_findings(v_batch, v_into_empty);
    perform ops.total_batch(v_batch);
    return ops.finish_load(v_batch);
end;
$$;

-- Whether the mart holds no loan; then none comes in meanwhile either.
create function ops.holds_no_loans()
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from dm.loans) then
        return false;
    end if;
    lock table dm.clients, dm.loans, dm.payments;
    return not exists (select from dm.loans);
end;
$$;

-- Clients to whose open loans this batch may add one, or who have an exempt one, are locked before
-- any loan, as the acts of officers do it: nobody opens, pays or cancels a loan of theirs meanwhile.
create function ops.lock_borrowers(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform c.user_id
    from dm.clients as c
    where c.user_id = any(array(
        select s.user_id from stage.loans as s
        where s.batch_id = p_batch.batch_id and s.set_aside is null and s.status = 'ongoing'
            and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
            and not exists (
                select from dm.loans as o
                where o.loan_id = s.loan_id and o.status = 'ongoing'
                    and o.loan_id = any(array(select f.key from pg_temp.fresh_lines as f))
            )
        union all
        select l.user_id from dm.loans as l where l.exempt_from is not null
    ))
    order by c.user_id
    for no key update of c;
end;
$$;

-- The fresh lines whose loan the mart holds, beside what it holds, under locks; the other fresh
-- lines are loans to be added. A loan never changes its client or its owner: such a line is
-- quarantined.
create function ops.find_changed_loans(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
begin
    drop table if exists pg_temp.changed_loans, pg_temp.exempt_loans, pg_temp.added_loans;
    create temp table added_loans (loan_id bigint primary key) on commit drop;
    create temp table changed_loans (
        like stage.loans, old_user_id bigint, owner text, old_status text, old_amount_paid numeric,
        old_paid_at timestamp, old_exempt_from bigint, differs boolean
    ) on commit drop;
    -- One walk locks and reads: a row is read again if it had to be waited for.
    insert into pg_temp.changed_loans
    select
        s.*, l.user_id, l.owner, l.status, l.amount_paid, l.paid_at, l.exempt_from,
        (l.created_at, l.due_at, l.paid_at, l.status, l.loan_amount, l.tax, l.due_amount, l.amount_paid)
        is distinct from
        (s.created_at, s.due_at, s.paid_at, s.status, s.loan_amount, s.tax, s.due_amount, s.amount_paid)
    from stage.loans as s
    inner join dm.loans as l on l.loan_id = s.loan_id
    where s.batch_id = p_batch.batch_id and s.set_aside is null
        and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
        and l.loan_id = any(array(select f.key from pg_temp.fresh_lines as f))
    order by l.loan_id
    for no key update of l;
    insert into pg_temp.added_loans
    select s.loan_id
    from stage.loans as s
    where s.batch_id = p_batch.batch_id and s.set_aside is null
        and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
        and not exists (select from pg_temp.changed_loans as x where x.loan_id = s.loan_id);
    analyze pg_temp.added_loans;
    -- A line that is refused already is told this reason, too; an empty mart spares the walk.
    update stage.loans as s
    set faults = s.faults || case when l.owner <> p_batch.source
            then 'loans_other_owner' else 'loans_user_id_immutable' end
    from dm.loans as l
    where exists (select from dm.loans)
        and s.batch_id = p_batch.batch_id and s.set_aside = 'quarantined' and l.loan_id = s.loan_id
        and (l.user_id <> s.user_id or l.owner <> p_batch.source);
    with wrong as (
        delete from pg_temp.changed_loans as x
        where x.user_id <> x.old_user_id or x.owner <> p_batch.source
        returning x.line_no, x.owner
    )
    update stage.loans as s
    set set_aside = 'quarantined',
        faults = s.faults || case when w.owner <> p_batch.source
            then 'loans_other_owner' else 'loans_user_id_immutable' end
    from wrong as w
    where s.batch_id = p_batch.batch_id and s.line_no = w.line_no;
    -- Of repeated lines one may be left that says what the mart holds.
    with same as (
        delete from pg_temp.changed_loans as x where not x.differs
        returning x.loan_amount, x.due_amount, x.amount_paid
    )
    insert into pg_temp.load_totals
    select 'unchanged', count(*), sum(m.loan_amount), sum(m.due_amount), sum(m.amount_paid)
    from same as m;
    alter table pg_temp.changed_loans add primary key (loan_id);
    perform ops.analyze('pg_temp.changed_loans');
end;
$$;
