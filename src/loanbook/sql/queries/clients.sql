-- name: register
select api.register_client(
    %(credit_limit)s, %(interest_rate)s, %(batch)s, %(created_at)s, %(reason)s
);

-- name: amend
select api.amend_client(
    %(user_id)s, %(reason)s, %(credit_limit)s, %(interest_rate)s, %(batch)s, %(version)s
);

-- name: upsert
select
    u.user_id,
    u.version,
    u.action
from api.upsert_client(
    %(user_id)s, %(credit_limit)s, %(interest_rate)s, %(batch)s, %(reason)s, %(version)s
) as u;

-- name: get
select
    c.user_id,
    c.created_at,
    c.status,
    c.batch,
    c.credit_limit,
    c.interest_rate,
    c.denied_reason,
    c.denied_at,
    c.owner,
    c.version,
    c.amended_at
from api.clients as c
where c.user_id = %(user_id)s;

-- name: at
select
    c.user_id,
    c.created_at,
    c.status,
    c.batch,
    c.credit_limit,
    c.interest_rate,
    c.denied_reason,
    c.denied_at,
    c.owner,
    c.version,
    c.amended_at
from jsonb_populate_record(null::api.clients, api.row_at('clients', %(user_id)s, %(at)s)) as c
where c.user_id is not null;
