-- grain: One row per client that was registered before the day asked.
-- column: user_id | bigint | id | Number of the client.
-- column: batch | integer | label | Acquisition cohort.
-- column: credit_limit | decimal | money | The most the client may borrow, as it stands in the book
--     now.
-- column: interest_rate | decimal | percent | Percent per year for new loans, as it stands now.
-- column: is_approved | boolean | flag | Had not been denied before the day asked.
select
    c.user_id,
    c.batch,
    c.credit_limit,
    c.interest_rate,
    c.status <> 'denied' or c.denied_at >= c.as_of as is_approved
from (
    select
        k.*,
        (select a.as_of from asked as a) as as_of
    from clients as k
) as c
where c.created_at < c.as_of
