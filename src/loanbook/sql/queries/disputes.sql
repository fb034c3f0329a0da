-- name: dispute
select api.dispute_loan(%(loan_id)s, %(reason)s);

-- name: settle
select api.settle_dispute(%(loan_id)s, %(reason)s);

-- name: get
select
    d.dispute_id,
    d.loan_id,
    d.opened_at,
    d.reason,
    d.actor,
    d.settled_at,
    d.settled_by,
    d.settlement
from api.disputes as d
where d.dispute_id = %(dispute_id)s;
