-- A new loan of Loanbook's own, under all rules at once. Returns its number. Whoever names a key
-- may ask again: the same request acts once and gets the same answer.
create function api.open_loan(
    p_client bigint, p_amount numeric, p_on date default null, p_key text default null,
    p_product integer default 1
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_content jsonb;
    v_client dm.clients;
    v_terms dm.products;
    v_on date;
    v_created_at timestamp;
    v_price record;
    v_loan_id bigint;
begin
    perform ops.actor();
    -- A product does not change between the look at its terms and the contract under them.
    perform pg_advisory_xact_lock_shared(ops.lock_key('products'));
    select * into v_client from dm.clients as c where c.user_id = p_client for no key update;
    if not found then
        perform ops.refuse('client_exists', format('There is no client %s.', p_client), 'LB404');
    end if;
    if p_key is not null then
        v_content := jsonb_build_object('client', p_client, 'amount', p_amount, 'on', p_on, 'product', p_product);
        v_loan_id := ops.answer_to(p_key, 'open_loan', v_content) -> 'loan_id';
        if v_loan_id is not null then
            return v_loan_id;
        end if;
    end if;

    v_on := ops.day_of_action(p_on);
    perform ops.refuse_future(v_on, 'A loan issued');
    perform ops.refuse_borrower(v_client, v_on);
    v_terms := ops.terms_on(p_product, v_on);
    v_created_at := greatest(v_on::timestamp, v_client.created_at);
    v_price := ops.priced(p_amount, v_client.interest_rate, v_created_at, v_terms);
    if p_amount > v_client.credit_limit then
        perform ops.refuse('loan_within_credit_limit', format(
            '%s is above the credit limit of client %s (%s).',
            ops.money(p_amount), p_client, ops.money(v_client.credit_limit)
        ));
    end if;
    insert into dm.loans (
        loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount, amount_paid,
        interest_rate, owner, product_version, term_days, tax_fixed_percent, tax_daily_percent, day_count
    )
    values (
        nextval('dm.loan_ids'), p_client, v_created_at, v_price.due_at, 'ongoing', v_price.principal,
        v_price.tax, v_price.due_amount, 0, v_client.interest_rate, 'loanbook', v_terms.product_version,
        v_terms.term_days, v_terms.tax_fixed_percent, v_terms.tax_daily_percent, v_terms.day_count
    )
    returning loan_id into v_loan_id;
    if p_key is not null then
        perform ops.remember_answer(p_key, 'open_loan', v_content, jsonb_build_object('loan_id', v_loan_id));
    end if;
    return v_loan_id;
end;
$$;

-- Refuses a client that may not borrow on this day, with the facts that a person can act on.
create function ops.refuse_borrower(p_client dm.clients, p_on date)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owed record;
begin
    if p_client.status = 'denied' then
        perform ops.refuse('client_is_approved', format(
            'Client %s is denied since %s%s and takes no new loan.', p_client.user_id,
            p_client.denied_at::date, coalesce(' (' || p_client.denied_reason || ')', '')
        ));
    elsif p_on < p_client.created_at::date then
        perform ops.refuse('loan_not_before_client', format(
            'Client %s was registered on %s; a loan cannot be issued on %s.',
            p_client.user_id, p_client.created_at::date, p_on
        ));
    end if;
    select l.loan_id, l.status, l.due_on, l.due_amount - l.amount_paid as balance into v_owed
    from dm.loans as l
    where l.user_id = p_client.user_id and l.status in ('ongoing', 'default')
    order by l.status, l.created_at, l.loan_id
    limit 1;
    if v_owed.status = 'default' then
        perform ops.refuse('client_has_no_default', format(
            'Client %s has a defaulted loan (%s, due %s, %s to pay); it must be paid first.',
            p_client.user_id, v_owed.loan_id, v_owed.due_on, ops.money(v_owed.balance)
        ));
    elsif v_owed.status = 'ongoing' then
        perform ops.refuse('loans_one_open_per_client', format(
            'Client %s has an open loan (%s, due %s, %s to pay); it must be paid first.',
            p_client.user_id, v_owed.loan_id, v_owed.due_on, ops.money(v_owed.balance)
        ));
    end if;
end;
$$;

-- What was answered to a request of this key; null if the key is new. Another content under the
-- same key is a slip of the caller. Callers hold the lock that serialises their kind of request.
create function ops.answer_to(p_key text, p_act text, p_content jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_request ops.requests;
begin
    if p_key !~ '^[^[:cntrl:]]{1,200}$' then
        perform ops.refuse_by_rule('requests_key_is_a_name');
    end if;
    select * into v_request from ops.requests as r where r.key = p_key;
    if found and (v_request.act, v_request.content) is distinct from (p_act, p_content) then
        perform ops.refuse_reused_key(p_key, v_request);
    end if;
    return v_request.answer;
end;
$$;

create function ops.remember_answer(p_key text, p_act text, p_content jsonb, p_answer jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_request ops.requests;
begin
    insert into ops.requests (key, act, content, answer, actor)
    values (p_key, p_act, p_content, p_answer, ops.actor())
    on conflict (key) do nothing;
    if not found then -- another request of this key was faster, and cannot have been the same
        select * into v_request from ops.requests as r where r.key = p_key;
        perform ops.refuse_reused_key(p_key, v_request);
    end if;
end;
$$;

create function ops.refuse_reused_key(p_key text, p_request ops.requests)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.refuse(
        'idempotency_key_reused',
        format(
            'The key %s was used for another request (%s by %s at %s); take a new key for a new request.',
            p_key, p_request.act, p_request.actor, date_trunc('second', p_request.at)
        ),
        'LB410'
    );
end;
$$;
