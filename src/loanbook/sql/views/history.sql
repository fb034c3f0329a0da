-- The history of all tables as one; a question about one table reads only that one.
create view audit.changes as
select
    'clients' as relation,
    h.key,
    h.statement_id,
    h.operation,
    h.before
from audit.clients as h
union all
select
    'contacts',
    h.key,
    h.statement_id,
    h.operation,
    h.before
from audit.contacts as h
union all
select
    'loans',
    h.key,
    h.statement_id,
    h.operation,
    h.before
from audit.loans as h
union all
select
    'products',
    h.key,
    h.statement_id,
    h.operation,
    h.before
from audit.products as h;
comment on view audit.changes is
'One row per row of the mart that a statement changed, without personal data.';
