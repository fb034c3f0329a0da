-- name: standing
select
    s.as_of,
    s.balance,
    s.days_past_due,
    s.bucket
from api.standing(%(loan_id)s, %(as_of)s) as s;

-- name: classify
select
    c.as_of,
    c.defaulted,
    c.denied,
    c.noted,
    c.closed
from api.classify(%(as_of)s) as c;
