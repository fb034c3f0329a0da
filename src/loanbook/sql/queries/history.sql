-- name: changes
select
    h.at,
    h.actor,
    h.session_role,
    h.batch_id,
    h.operation,
    h.reason,
    h.changes::text as changes
from api.history(%(relation)s, %(key)s) as h
order by h.statement_id;

-- name: first_change
select api.first_change();
