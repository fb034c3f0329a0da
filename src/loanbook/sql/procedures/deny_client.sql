-- Denies a client: it takes no new loan from that day on, but still owes and still pays. Status,
-- reason and time move as one unit. A client that is denied already keeps its time unless a day is
-- named. Returns the version that stands now; what changes nothing writes nothing.
create function api.deny_client(
    p_user_id bigint, p_denied_reason text, p_on date default null,
    p_reason text default null, p_version integer default null
)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old dm.clients;
    v_on date := ops.day_of_action(p_on);
begin
    perform ops.actor();
    if coalesce(p_denied_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('denial_has_reason', 'A denial needs a reason, such as criminal_profile.');
    elsif p_denied_reason ~ '[[:cntrl:]]' then
        perform ops.refuse('denial_reason_printable', 'The reason of a denial holds a control character.');
    end if;
    perform ops.refuse_future(v_on, 'A denial');
    v_old := ops.client_to_amend(p_user_id, p_version);
    if p_on < v_old.created_at::date then
        perform ops.refuse('denial_not_before_registration', format(
            'Client %s was registered on %s; a denial cannot count from before.',
            p_user_id, v_old.created_at::date
        ));
    end if;
    return ops.set_denial(
        v_old, 'denied', btrim(p_denied_reason),
        case when p_on is null and v_old.status = 'denied' then v_old.denied_at
            else greatest(v_on::timestamp, v_old.created_at) end,
        coalesce(nullif(btrim(p_reason), ''), p_denied_reason)
    );
end;
$$;

-- Takes a denial back. Not while a loan that the client defaulted on stands unpaid.
create function api.reinstate_client(p_user_id bigint, p_reason text, p_version integer default null)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old dm.clients;
    v_loan dm.loans;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('reinstatement_has_reason', 'Reinstating a client needs a reason.');
    end if;
    v_old := ops.client_to_amend(p_user_id, p_version);
    select * into v_loan from dm.loans as l
    where l.user_id = p_user_id and l.status in ('default', 'written_off') and l.amount_paid < l.due_amount
    order by l.due_at, l.loan_id
    limit 1;
    if found and v_old.status = 'denied' then
        perform ops.refuse('client_owes_no_defaulted_loan', format(
            'Client %s has a defaulted loan (%s, due %s, %s to pay); it must be paid first.',
            p_user_id, v_loan.loan_id, v_loan.due_on, ops.money(v_loan.due_amount - v_loan.amount_paid)
        ));
    end if;
    return ops.set_denial(v_old, 'approved', null, null, p_reason);
end;
$$;

-- The client that a person is about to alter: locked, known, and of the version that was seen.
create function ops.client_to_amend(p_user_id bigint, p_version integer)
returns dm.clients
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_client dm.clients;
begin
    select * into v_client from dm.clients as c where c.user_id = p_user_id for no key update;
    if not found then
        perform ops.refuse('client_exists', format('There is no client %s.', p_user_id), 'LB404');
    end if;
    perform ops.refuse_stale_version('clients', p_user_id, v_client.version, p_version);
    return v_client;
end;
$$;

create function ops.set_denial(
    p_old dm.clients, p_status text, p_denied_reason text, p_denied_at timestamp, p_reason text
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_new stage.clients;
    v_version integer;
begin
    v_new.user_id := 1;
    v_new.created_at := p_old.created_at;
    v_new.batch := p_old.batch;
    v_new.credit_limit := p_old.credit_limit;
    v_new.interest_rate := p_old.interest_rate;
    v_new.status := p_status;
    v_new.denied_reason := p_denied_reason;
    v_new.denied_at := p_denied_at;
    perform ops.refuse_faulty_client(v_new);
    if (v_new.status, v_new.denied_reason, v_new.denied_at)
        is not distinct from (p_old.status, p_old.denied_reason, p_old.denied_at) then
        return p_old.version;
    end if;
    perform ops.keep_client_base(p_old);
    perform set_config('loanbook.reason', p_reason, true);
    update dm.clients as c
    set status = v_new.status, denied_reason = v_new.denied_reason, denied_at = v_new.denied_at,
        version = c.version + 1, amended_at = clock_timestamp()
    where c.user_id = p_old.user_id
    returning c.version into v_version;
    perform set_config('loanbook.reason', '', true);
    perform ops.judge_loans_of_client(p_old.user_id);
    return v_version;
end;
$$;

-- A denial dated back, or taken back, is news about loans that stand.
create function ops.judge_loans_of_client(p_user_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_no_file ops.batches;
begin
    drop table if exists pg_temp.judged_loans;
    create temp table judged_loans on commit drop as
    select l.loan_id from dm.loans as l where l.user_id = p_user_id;
    perform ops.judge_loans(v_no_file, false);
end;
$$;
