-- The client disputes a loan: nobody is reminded of it until that is settled. Answers with the number
-- of the dispute. Whoever owns the loan, this changes nothing of it.
create function api.dispute_loan(p_loan_id bigint, p_reason text)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_dispute bigint;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('dispute_has_reason', 'A dispute needs a reason.');
    elsif not exists (select from dm.loans as l where l.loan_id = p_loan_id) then
        perform ops.refuse('loan_exists', format('There is no loan %s.', p_loan_id), 'LB404');
    end if;
    insert into ops.disputes (loan_id, reason, actor) values (p_loan_id, p_reason, ops.actor())
    on conflict (loan_id) where settled_at is null do nothing
    returning dispute_id into v_dispute;
    if v_dispute is null then
        perform ops.refuse('disputes_one_standing', format('Loan %s is disputed already.', p_loan_id));
    end if;
    return v_dispute;
end;
$$;

create function api.settle_dispute(p_loan_id bigint, p_reason text)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_dispute bigint;
begin
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('settlement_has_reason', 'Settling a dispute needs a reason.');
    end if;
    update ops.disputes as d
    set settled_at = clock_timestamp(), settled_by = ops.actor(), settlement = p_reason
    where d.loan_id = p_loan_id and d.settled_at is null
    returning d.dispute_id into v_dispute;
    if v_dispute is null then
        perform ops.refuse('dispute_stands', format('Loan %s is not disputed.', p_loan_id), 'LB404');
    end if;
    return v_dispute;
end;
$$;
