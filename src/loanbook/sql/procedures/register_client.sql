-- The lender's wall time now.
create function ops.wall_time()
returns timestamp
language sql stable
as $$
    select date_trunc('second', clock_timestamp() at time zone (select k.zone from ops.book as k));
$$;

-- Refuses what the rules of a client forbid, before any column can round it.
create function ops.refuse_faulty_client(p_client stage.clients)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_faults text [] := ops.client_faults(p_client);
begin
    if cardinality(v_faults) > 0 then
        perform ops.refuse(v_faults[1], (
            select string_agg(r.sentence, ' ' order by array_position(v_faults, r.rule))
            from ops.rules as r where r.rule = any(v_faults)
        ));
    end if;
end;
$$;

-- A new client of Loanbook's own, approved. Returns the id, which no file can claim.
create function api.register_client(
    p_credit_limit numeric, p_interest_rate numeric, p_batch integer,
    p_created_at timestamp default null, p_reason text default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_client stage.clients;
begin
    perform ops.actor();
    -- The rules are those of a file's client, but for the range of ids.
    v_client.user_id := 1;
    v_client.created_at := coalesce(p_created_at, ops.wall_time());
    v_client.status := 'approved';
    v_client.batch := p_batch;
    v_client.credit_limit := p_credit_limit;
    v_client.interest_rate := p_interest_rate;
    perform ops.refuse_faulty_client(v_client);
    v_client.user_id := nextval('dm.client_ids');
    perform set_config('loanbook.reason', coalesce(p_reason, ''), true);
    insert into dm.clients (user_id, created_at, status, batch, credit_limit, interest_rate, owner)
    values (
        v_client.user_id, v_client.created_at, v_client.status, v_client.batch,
        v_client.credit_limit, v_client.interest_rate, 'loanbook'
    );
    perform set_config('loanbook.reason', '', true);
    return v_client.user_id;
end;
$$;
