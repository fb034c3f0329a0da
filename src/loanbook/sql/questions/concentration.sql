-- question: How concentrated is what clients owe, and how much of their limits do they use?
-- definition: exposure is the balance (amount due less paid so far) of a client's open loans. Clients
--     with exposure are put in order of it, the largest first, ties by user_id, and told twice: the top
--     10 and top 100 clients, and tenths of all such clients (decile 1 owes most). Evenly spread, each
--     decile would hold a tenth. limit_use is the principal of the open loans to the clients' limits as
--     they stand in the book now.
-- excluded: Defaulted, written-off, paid and cancelled loans; overpaid loans; clients without exposure.
-- grain: One row per group of clients: top 10, top 100 and each decile that has clients.
-- chart: lorenz
-- column: segment | text | label | top 10, top 100, or decile 1 to decile 10.
-- column: kind | text | label | top or decile; the deciles add up to the whole, the tops overlap them.
-- column: clients | bigint | count | Clients in the group.
-- column: exposure | decimal | money | What they owe on open loans.
-- column: smallest_exposure | decimal | money | Least that one of them owes.
-- column: largest_exposure | decimal | money | Most that one of them owes.
-- column: exposure_share | double | ratio exposure / total_exposure | Part of all exposure.
-- column: cumulative_share | double | part | Part of all exposure in this and all larger groups of the
--     kind.
-- column: total_exposure | decimal | money | All exposure, the same on each row.
-- column: principal | decimal | money | Principal of their open loans.
-- column: credit_limit | decimal | money | Sum of their limits.
-- column: limit_use | double | ratio principal / credit_limit | Use of the limits.
with exposures as (
    select
        l.user_id,
        sum(l.due_amount - l.amount_paid) as exposure,
        sum(l.loan_amount) as principal
    from loans_as_of as l
    where l.status = 'ongoing' and l.due_amount > l.amount_paid
    group by l.user_id
),

placed as (
    select
        e.exposure,
        e.principal,
        c.credit_limit,
        row_number() over (order by e.exposure desc, e.user_id asc) as place,
        ntile(10) over (order by e.exposure desc, e.user_id asc) as decile
    from exposures as e
    inner join clients as c on e.user_id = c.user_id
),

grouped as (
    select
        'decile' as kind,
        cast(p.decile as integer) as size,
        p.*
    from placed as p
    union all
    select
        'top' as kind,
        10 as size,
        p.*
    from placed as p
    where p.place <= 10
    union all
    select
        'top' as kind,
        100 as size,
        p.*
    from placed as p
    where p.place <= 100
),

summed as (
    select
        g.kind,
        g.size,
        count(*) as clients,
        cast(sum(g.exposure) as decimal(18, 2)) as exposure,
        cast(min(g.exposure) as decimal(18, 2)) as smallest_exposure,
        cast(max(g.exposure) as decimal(18, 2)) as largest_exposure,
        cast(sum(g.principal) as decimal(18, 2)) as principal,
        cast(sum(g.credit_limit) as decimal(18, 2)) as credit_limit
    from grouped as g
    group by g.kind, g.size
),

whole as (
    select cast(sum(e.exposure) as decimal(18, 2)) as total_exposure
    from exposures as e
),

running as (
    select
        s.*,
        w.total_exposure,
        case
            when s.kind = 'top' then s.exposure
            else cast(sum(s.exposure) over (partition by s.kind order by s.size) as decimal(18, 2))
        end as cumulative_exposure
    from summed as s
    cross join whole as w
)

select
    r.kind || ' ' || cast(r.size as varchar(10)) as segment,
    r.kind,
    r.clients,
    r.exposure,
    r.smallest_exposure,
    r.largest_exposure,
    cast(r.exposure as double) / nullif(cast(r.total_exposure as double), 0) as exposure_share,
    cast(r.cumulative_exposure as double) / nullif(cast(r.total_exposure as double), 0) as cumulative_share,
    r.total_exposure,
    r.principal,
    r.credit_limit,
    cast(r.principal as double) / nullif(cast(r.credit_limit as double), 0) as limit_use
from running as r
order by r.kind desc, r.size asc
