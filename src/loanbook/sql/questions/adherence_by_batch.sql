-- question: Which batch had the best adherence?
-- definition: Adherence is the share of a batch's clients that ever got a loan before the day asked:
--     borrowers of clients. Beside it the same among those clients that are approved on that day:
--     approved borrowers of approved clients. A denial often comes after the loan (a default denies),
--     so the two differ; borrowers to approved clients, often quoted, is a ratio and no share, because
--     its numerator holds clients that have been denied since.
-- excluded: Clients registered on the day asked or later, and cancelled loans.
-- grain: One row per acquisition batch that has clients.
-- chart: intervals
-- test: borrowers of clients by batch
-- column: batch | integer | label | Acquisition cohort.
-- column: clients | bigint | count | Clients registered.
-- column: approved_clients | bigint | count | Of these, approved.
-- column: borrowers | bigint | count | Clients with at least one loan.
-- column: approved_borrowers | bigint | count | Of these, approved.
-- column: adherence | double | share borrowers / clients | Borrowers of all clients.
-- column: adherence_of_approved | double | share approved_borrowers / approved_clients | Approved
--     borrowers of approved clients.
-- column: borrowers_to_approved | double | ratio borrowers / approved_clients | Borrowers to approved
--     clients; can be above 1.
-- column: repeat_borrowers | bigint | count | Clients with two loans or more.
-- column: loans | bigint | count | Loans of the batch's clients.
-- column: rank | bigint | rank | Place by adherence; 1 is best, ties go to the lower batch.
with borrowed as (
    select
        l.user_id,
        count(*) as loans
    from loans_as_of as l
    group by l.user_id
),

batches as (
    select
        c.batch,
        count(*) as clients,
        count(*) filter (where c.is_approved) as approved_clients,
        count(b.loans) as borrowers,
        count(b.loans) filter (where c.is_approved) as approved_borrowers,
        count(*) filter (where b.loans > 1) as repeat_borrowers,
        cast(coalesce(sum(b.loans), 0) as bigint) as loans
    from clients_as_of as c
    left join borrowed as b on c.user_id = b.user_id
    group by c.batch
),

rated as (
    select
        b.*,
        cast(b.borrowers as double) / nullif(cast(b.clients as double), 0) as adherence
    from batches as b
)

select
    r.batch,
    r.clients,
    r.approved_clients,
    r.borrowers,
    r.approved_borrowers,
    r.adherence,
    cast(r.approved_borrowers as double) / nullif(cast(r.approved_clients as double), 0)
        as adherence_of_approved,
    cast(r.borrowers as double) / nullif(cast(r.approved_clients as double), 0) as borrowers_to_approved,
    r.repeat_borrowers,
    r.loans,
    row_number() over (order by r.adherence desc, r.batch asc) as rank
from rated as r
order by r.batch
