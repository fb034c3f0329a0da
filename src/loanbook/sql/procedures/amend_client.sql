-- Alters a client: what is null stays. Needs a reason; where the caller names the version it saw,
-- a client that has changed since is refused. Returns the version that stands now; an amendment
-- that changes nothing writes nothing.
create function api.amend_client(
    p_user_id bigint, p_reason text, p_credit_limit numeric default null,
    p_interest_rate numeric default null, p_batch integer default null,
    p_version integer default null
)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old dm.clients;
    v_new stage.clients;
    v_version integer;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('amendment_has_reason', 'An amendment needs a reason.');
    end if;
    select * into v_old from dm.clients as c where c.user_id = p_user_id for no key update;
    if not found then
        perform ops.refuse('client_exists', format('There is no client %s.', p_user_id), 'LB404');
    end if;
    perform ops.refuse_stale_version('clients', p_user_id, v_old.version, p_version);
    v_new.user_id := 1;
    v_new.created_at := v_old.created_at;
    v_new.status := v_old.status;
    v_new.denied_at := v_old.denied_at;
    v_new.denied_reason := v_old.denied_reason;
    v_new.batch := coalesce(p_batch, v_old.batch);
    v_new.credit_limit := coalesce(p_credit_limit, v_old.credit_limit);
    v_new.interest_rate := coalesce(p_interest_rate, v_old.interest_rate);
    perform ops.refuse_faulty_client(v_new);
    if (v_new.batch, v_new.credit_limit, v_new.interest_rate)
        is not distinct from (v_old.batch, v_old.credit_limit, v_old.interest_rate) then
        return v_old.version;
    end if;
    perform ops.keep_client_base(v_old);
    perform set_config('loanbook.reason', p_reason, true);
    update dm.clients as c
    set batch = v_new.batch, credit_limit = v_new.credit_limit, interest_rate = v_new.interest_rate,
        version = c.version + 1, amended_at = clock_timestamp()
    where c.user_id = p_user_id
    returning c.version into v_version;
    perform set_config('loanbook.reason', '', true);
    return v_version;
end;
$$;

-- Before the first amendment: what the source delivered is remembered for the merge to come.
create function ops.keep_client_base(p_client dm.clients)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into stage.clients_base (
        user_id, created_at, status, batch, credit_limit, interest_rate, denied_reason, denied_at
    )
    select
        p_client.user_id, p_client.created_at, p_client.status, p_client.batch,
        p_client.credit_limit, p_client.interest_rate, p_client.denied_reason, p_client.denied_at
    where p_client.owner <> 'loanbook'
    on conflict (user_id) do nothing;
$$;

-- Optimistic concurrency: whoever names the version it saw must have seen the latest, and is told
-- what has changed since, by whom and when. Of contacts only which columns: a refusal may end in a
-- log, where no personal data belong.
create function ops.refuse_stale_version(
    p_relation text, p_key bigint, p_current integer, p_seen integer
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_since text;
begin
    if p_seen is null or p_seen = p_current then
        return;
    end if;
    select string_agg(
        format('%s changed %s at %s', h.actor, d.told, to_char(
            h.at at time zone (select k.zone from ops.book as k), 'YYYY-MM-DD HH24:MI:SS'
        )), '; ' order by h.statement_id
    ) into v_since
    from api.history(p_relation, p_key) as h
    cross join lateral (
        select string_agg(
            case when p_relation = 'contacts' then c.name else format(
                '%s: %s -> %s', c.name, coalesce(c.change ->> 0, 'blank'), coalesce(c.change ->> 1, 'blank')
            ) end, ', ' order by c.name
        ) as told
        from jsonb_each(h.changes) as c (name, change)
    ) as d
    where h.statement_id in (
        select a.statement_id from audit.changes as a
        where a.relation = p_relation and a.key = p_key and a.operation = 'U'
            and (a.before ->> 'version')::integer >= p_seen
        order by a.statement_id desc limit 5 -- the latest will do
    );
    perform ops.refuse(
        p_relation || '_version_current',
        format(
            'You saw version %s, but version %s stands%s. Look again, then amend.',
            p_seen, p_current, ': ' || v_since
        ),
        'LB409'
    );
end;
$$;

-- Registers a client without an id, amends the one that bears it.
create function api.upsert_client(
    p_user_id bigint, p_credit_limit numeric, p_interest_rate numeric, p_batch integer,
    p_reason text, p_version integer default null,
    out user_id bigint, out version integer, out action text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before integer;
begin
    if p_user_id is null then
        user_id := api.register_client(p_credit_limit, p_interest_rate, p_batch, null, p_reason);
        version := 1;
        action := 'registered';
        return;
    end if;
    select c.version into v_before from dm.clients as c where c.user_id = p_user_id;
    user_id := p_user_id;
    version := api.amend_client(p_user_id, p_reason, p_credit_limit, p_interest_rate, p_batch, p_version);
    action := case when version = v_before then 'unchanged' else 'amended' end;
end;
$$;
