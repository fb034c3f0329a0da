-- name: waiting
select
    b.batch_id,
    b.kind,
    b.file_name,
    b.archived_as
from api.batches as b
where b.state = 'staged'
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
