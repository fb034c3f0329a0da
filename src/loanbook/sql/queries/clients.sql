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

-- name: deny
select api.deny_client(
    %(user_id)s, %(denied_reason)s, %(since)s, %(reason)s, %(version)s
);

-- name: reinstate
select api.reinstate_client(%(user_id)s, %(reason)s, %(version)s);

-- name: find
select
    f.user_id,
    f.name,
    f.email,
    f.status,
    f.batch,
    f.credit_limit,
    f.interest_rate,
    f.denied_reason,
    f.owner,
    f.version
from
    api.find_clients(
        %(name)s, %(email)s, %(tax_id)s, %(phone)s, %(status)s, %(batch)s, %(user_id)s, %(after)s,
        %(most)s
    ) as f
order by f.user_id;

-- name: loans
select
    l.loan_id,
    l.status,
    l.issued_on,
    l.due_on,
    l.paid_on,
    l.loan_amount,
    l.due_amount,
    l.amount_paid,
    l.balance
from api.loans as l
where l.user_id = %(user_id)s
order by l.created_at desc, l.loan_id desc;

-- name: payments
with held as (
    select l.loan_id
    from api.loans as l
    where l.user_id = %(user_id)s
)

select
    p.payment_id,
    p.loan_id,
    p.kind,
    p.amount,
    p.effective_on,
    p.recorded_at,
    p.actor
from held as h
inner join api.payments as p on h.loan_id = p.loan_id
order by p.payment_id desc;

-- name: findings
with subjects as (
    select
        'client' as subject,
        c.user_id as subject_id
    from api.clients as c
    where c.user_id = %(user_id)s
    union all
    select
        'contact',
        k.user_id
    from api.contacts as k
    where k.user_id = %(user_id)s
    union all
    select
        'loan',
        l.loan_id
    from api.loans as l
    where l.user_id = %(user_id)s
)

select
    f.finding_id,
    f.rule,
    f.subject,
    f.subject_id,
    f.detail
from subjects as s
inner join api.findings as f on s.subject = f.subject and s.subject_id = f.subject_id
where f.state = 'open'
order by f.finding_id;
