-- What programs and people read. One row per what the name says.

create view api.book as
select k.business_date, k.advanced_at, k.zone, k.release, k.currency
from ops.book as k;
comment on view api.book is 'One row: how far the book has come.';

create view api.clients as
select
    c.user_id, c.created_at, c.status, c.batch, c.credit_limit, c.interest_rate,
    c.denied_reason, c.denied_at, c.owner, c.version, c.amended_at
from dm.clients as c;
comment on view api.clients is 'One row per client, without personal data.';

create view api.contacts as
select
    k.user_id, k.name, k.email, k.tax_id, k.locale, k.phone, k.opted_out_at,
    k.owner, k.version, k.amended_at
from dm.contacts as k;
comment on view api.contacts is 'One row per client that can be reached: personal data.';

create view api.loans as
select
    l.loan_id, l.user_id, l.created_at, l.due_at, l.paid_at, l.issued_on, l.due_on, l.paid_on,
    l.status, l.loan_amount, l.tax, l.due_amount, l.amount_paid,
    l.due_amount - l.amount_paid as balance, l.interest_rate, l.rate_is_implied,
    l.exempt_from, l.owner, l.version, l.product_version, l.term_days, l.tax_fixed_percent,
    l.tax_daily_percent, l.day_count, l.classified_on
from dm.loans as l;
comment on view api.loans is 'One row per loan, with what is still to be paid.';

create view api.payments as
select
    p.payment_id, p.loan_id, p.kind, p.amount, p.effective_on, p.recorded_at,
    p.idempotency_key, p.owner, p.batch_id, p.reverses_id, t.actor, t.session_role, t.reason,
    (
        select r.payment_id from dm.payments as r
        where r.reverses_id = p.payment_id
    ) as reversed_by
from dm.payments as p
left join lateral (
    select
        s.actor,
        s.session_role,
        s.reason
    from audit.statements as s
    -- Numbers of transactions begin anew in another cluster.
    where
        s.relation = 'payments' and s.transaction_id = p.transaction_id
        and s.at >= p.recorded_at
    order by s.statement_id
    limit 1
) as t on true;
comment on view api.payments is 'One row per movement of money, with who recorded it.';

create view api.products as
select
    p.product_version, p.product_id, p.name, lower(p.validity) as valid_from,
    upper(p.validity) as valid_before, p.term_days, p.tax_fixed_percent, p.tax_daily_percent,
    p.day_count, p.rounding, p.grace_days, p.minimum_amount, p.maximum_amount
from dm.products as p;
comment on view api.products is 'One row per version of a product, with the days of issue it is for.';

create view api.batches as
select
    b.batch_id, b.source, b.kind, b.file_name, b.digest, b.archived_as, b.business_date, b.is_full,
    b.is_retry, b.columns, b.delimiter, b.state, b.actor, b.lines, b.deleted, b.refusal,
    b.opened_at, b.finished_at,
    (
        select count(*) from ops.quarantine as q
        where q.batch_id = b.batch_id
    ) as quarantined,
    (
        select count(*) from ops.quarantine as q
        where q.batch_id = b.batch_id and q.state = 'open'
    ) as quarantine_open
from ops.batches as b;
comment on view api.batches is 'One row per staged file or retry.';

create view api.batch_totals as
select
    t.batch_id, t.measure, t.in_file, t.carried, t.inserted, t.updated, t.unchanged, t.collapsed,
    t.quarantined, t.unreadable
from ops.batch_totals as t;
comment on view api.batch_totals is
'One row per batch and measure: in_file = inserted + updated + unchanged + collapsed + quarantined.';

create view api.quarantine as
select
    q.quarantine_id, q.batch_id, b.source, b.kind, b.file_name, q.line_no, q.key, q.raw, q.rules,
    array(
        select coalesce(r.sentence, u.rule)
        from unnest(q.rules) with ordinality as u (rule, place)
        left join ops.rules as r on u.rule = r.rule
        order by u.place
    ) as reasons,
    q.state, q.closed_by, q.closed_at, q.dismissed_by, q.dismissal, b.columns, b.delimiter
from ops.quarantine as q
inner join ops.batches as b on q.batch_id = b.batch_id;
comment on view api.quarantine is 'One row per refused line, with all its reasons in words.';

create view api.findings as
select
    f.finding_id, f.rule, r.sentence, f.subject, f.subject_id, f.detail, f.state, f.first_batch,
    f.last_batch, f.first_seen, f.last_seen, f.closed_at, f.accepted_by, f.reason
from ops.findings as f
inner join ops.rules as r on f.rule = r.rule;
comment on view api.findings is 'One row per fact worth telling about a row of the mart.';

create view api.rules as
select r.rule, r.nature, r.sentence
from ops.rules as r;
comment on view api.rules is 'One row per named rule, in words.';
