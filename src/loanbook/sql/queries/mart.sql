-- name: waiting
select
    b.batch_id,
    b.source,
    b.kind,
    b.file_name,
    b.archived_as,
    b.columns,
    b.delimiter,
    b.quarantined
from api.batches as b
where b.state = 'staged' and b.business_date <= coalesce(%(until)s::date, b.business_date)
order by
    b.business_date, array_position(array['clients', 'contacts', 'loans'], b.kind),
    b.file_name, b.batch_id;

-- name: load_clients
select
    l.state,
    l.refusal,
    l.deleted
from api.load_clients(%(batch_id)s, %(allow_deletions)s) as l;

-- name: load_contacts
select
    l.state,
    l.refusal,
    l.deleted
from api.load_contacts(%(batch_id)s, %(allow_deletions)s) as l;

-- name: load_loans
select
    l.state,
    l.refusal,
    l.deleted
from api.load_loans(%(batch_id)s, %(allow_deletions)s) as l;

-- name: quarantined
select b.quarantined from api.batches as b
where b.batch_id = %(batch_id)s;

-- name: totals
select
    t.measure,
    t.in_file,
    t.inserted,
    t.updated,
    t.unchanged,
    t.collapsed,
    t.quarantined,
    t.unreadable
from api.batch_totals as t
where t.batch_id = %(batch_id)s
order by array_position(array['lines', 'loan_amount', 'due_amount', 'amount_paid'], t.measure);

-- name: new_findings
select count(*) from api.findings as f
where f.first_batch = %(batch_id)s;

-- name: close_named
select api.close_retried(array_agg(q.quarantine_id), %(batch_id)s)
from api.quarantine as q
where
    q.quarantine_id = any(%(lines)s) and q.state = 'open'
    and q.source = %(source)s and q.kind = %(kind)s;

-- name: batches
select
    b.batch_id,
    b.source,
    b.kind,
    b.file_name as file,
    b.business_date,
    b.state,
    b.lines,
    b.quarantined,
    b.quarantine_open,
    b.deleted,
    b.is_full,
    b.is_retry,
    b.refusal,
    b.actor,
    b.opened_at,
    b.finished_at,
    b.archived_as,
    b.digest
from api.batches as b
where b.batch_id = coalesce(%(batch_id)s, b.batch_id)
order by b.batch_id desc
limit %(most)s;

-- name: batch_changes
select
    c.relation,
    c.key,
    c.operation,
    c.changes::text as changes
from api.batch_changes(%(batch_id)s, %(most)s) as c;

-- name: findings
select
    f.finding_id,
    f.rule,
    f.sentence,
    f.subject,
    f.subject_id,
    f.detail,
    f.state,
    f.first_batch,
    f.last_batch,
    f.first_seen,
    f.last_seen,
    f.closed_at,
    f.accepted_by,
    f.reason
from api.findings as f
where
    f.state = any(%(states)s)
    and f.rule = coalesce(%(rule)s, f.rule)
    and (%(first_batch)s::bigint is null or f.first_batch = %(first_batch)s)
order by f.finding_id
limit %(most)s;

-- name: finding
select
    f.finding_id,
    f.rule,
    f.sentence,
    f.subject,
    f.subject_id,
    f.detail,
    f.state,
    f.first_batch,
    f.last_batch,
    f.first_seen,
    f.last_seen,
    f.closed_at,
    f.accepted_by,
    f.reason
from api.findings as f
where f.finding_id = %(finding_id)s;

-- name: findings_by_rule
select
    f.rule,
    f.sentence,
    count(*) as count
from api.findings as f
where
    f.state = any(%(states)s)
    and (%(first_batch)s::bigint is null or f.first_batch = %(first_batch)s)
group by f.rule, f.sentence
order by count(*) desc, f.rule;

-- name: accept_finding
select api.accept_finding(%(finding_id)s, %(reason)s);

-- name: quarantine
select
    q.quarantine_id,
    q.batch_id,
    q.source,
    q.kind,
    q.file_name as file,
    q.line_no,
    q.key,
    q.raw,
    q.rules,
    q.reasons,
    q.state,
    q.closed_by,
    q.closed_at,
    q.dismissed_by,
    q.dismissal
from api.quarantine as q
where
    q.quarantine_id = coalesce(%(quarantine_id)s, q.quarantine_id)
    and q.state = any(%(states)s)
    and q.batch_id = coalesce(%(batch_id)s, q.batch_id)
    and q.kind = coalesce(%(kind)s, q.kind)
order by q.batch_id, q.line_no
limit %(most)s;

-- name: quarantine_counts
select
    q.batch_id,
    q.kind,
    q.file_name as file,
    count(*) as count
from api.quarantine as q
where
    q.state = any(%(states)s)
    and q.batch_id = coalesce(%(batch_id)s, q.batch_id)
    and q.kind = coalesce(%(kind)s, q.kind)
group by q.batch_id, q.kind, q.file_name
order by q.batch_id;

-- Of each key only the lines of its newest batch: a mended file must not name a key twice because
-- two days' files were wrong about it.
-- name: to_export
with open_lines as (
    select
        q.quarantine_id,
        q.batch_id,
        q.line_no,
        q.reasons,
        q.raw,
        q.columns,
        q.delimiter,
        q.key is null or q.batch_id = max(q.batch_id) over (partition by q.source, q.key) as is_newest
    from api.quarantine as q
    where q.state = 'open' and q.kind = %(kind)s
)

select
    o.quarantine_id,
    o.batch_id,
    o.line_no,
    o.reasons,
    o.raw,
    o.columns,
    o.delimiter
from open_lines as o
where o.is_newest and o.batch_id = coalesce(%(batch_id)s, o.batch_id)
order by o.batch_id, o.line_no;

-- The same for lines to be tried again as they are; each answers for the older ones of its key.
-- Lines that cannot be split into columns wait to be mended.
-- name: to_retry
with open_lines as (
    select
        q.quarantine_id,
        q.batch_id,
        q.line_no,
        q.source,
        q.kind,
        q.raw,
        q.columns,
        q.delimiter,
        b.business_date,
        q.rules && array['line_columns', 'line_characters', 'line_length', 'line_quotes'] as is_broken,
        max(q.batch_id) over same_key as newest,
        array_agg(q.quarantine_id) over same_key as answered
    from api.quarantine as q
    inner join api.batches as b on q.batch_id = b.batch_id
    where q.state = 'open' and b.state in ('accepted', 'refused')
    window same_key as (
        partition by q.source, q.kind, q.key, case when q.key is null then q.quarantine_id end
    )
)

select
    o.source,
    o.kind,
    o.business_date,
    o.columns,
    o.delimiter,
    o.raw,
    o.answered
from open_lines as o
where
    o.batch_id = o.newest and not o.is_broken
    and o.batch_id = coalesce(%(batch_id)s, o.batch_id)
order by
    array_position(array['clients', 'contacts', 'loans'], o.kind),
    o.business_date, o.source, o.columns, o.delimiter, o.batch_id, o.line_no;

-- name: dismiss
select api.dismiss_quarantined(%(quarantine_id)s, %(reason)s);

-- name: close_retried
select api.close_retried(%(lines)s, %(batch_id)s);

-- name: run_check
select
    c.subject,
    c.subject_id,
    c.detail,
    c.total
from api.run_check(%(name)s, %(most)s) as c;

-- name: figures
select
    f.clients,
    f.loans,
    f.contacts,
    f.payments,
    f.quarantine
from api.figures() as f;

-- name: months
select
    to_char(l.issued_on, 'YYYY-MM') as month,
    count(*) as loans,
    sum(l.loan_amount) as principal
from api.loans as l
group by to_char(l.issued_on, 'YYYY-MM')
order by month;

-- name: refuse_earlier_day
select api.refuse_earlier_day(%(as_of)s);

-- name: advance_book
select api.advance_book(%(as_of)s);
