-- question: How do the loans of each month of issue mature: how fast are they repaid, and how many
--     default?
-- definition: A season is a month of issue. At each age (days since issue) its loans are those that
--     have reached that age before the day asked; of these, repaid are the ones paid in full by then
--     and defaulted the ones given up by then, at the earliest on the day after they were due. So all
--     ages are like for like, a young season just has fewer of them. An age that only part of the
--     season has reached is marked and can still move.
-- excluded: Cancelled loans; loans that have not reached the age.
-- grain: One row per month of issue and age (10, 20, … 100 days) that at least one of its loans has
--     reached.
-- chart: curves
-- column: month | date | month | Month of issue, told by its first day.
-- column: age_days | integer | days | Days since issue.
-- column: loans | bigint | count | Loans issued in the month.
-- column: observed_loans | bigint | count | Of these loans, those that have reached the age.
-- column: repaid_loans | bigint | count | Of those, paid in full by that age.
-- column: default_loans | bigint | count | Of those, defaulted by that age.
-- column: repaid_share | double | share repaid_loans / observed_loans | Repaid of observed.
-- column: default_rate | double | share default_loans / observed_loans | Defaulted of observed.
-- column: is_open | boolean | flag | Part of the season has not reached the age.
with steps (step) as (
    values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)
),

aged as (
    select
        l.issue_month as month,
        -- The last step that the loan has seen whole, the first at which it is repaid or given up.
        cast(floor(cast(l.age_days - 1 as double) / 10) as integer) as observed_step,
        cast(floor(cast(l.days_to_pay + 9 as double) / 10) as integer) as repaid_step,
        case
            when l.status in ('default', 'written_off')
                then cast(floor(cast(l.term_days + 10 as double) / 10) as integer)
        end as default_step
    from loans_as_of as l
),

counted as (
    select
        g.month,
        g.observed_step,
        g.repaid_step,
        g.default_step,
        count(*) as loans
    from aged as g
    group by g.month, g.observed_step, g.repaid_step, g.default_step
),

seasons as (
    select
        c.month,
        s.step,
        cast(sum(c.loans) as bigint) as loans,
        cast(coalesce(sum(c.loans) filter (where c.observed_step >= s.step), 0) as bigint) as observed_loans,
        cast(
            coalesce(sum(c.loans) filter (where c.observed_step >= s.step and c.repaid_step <= s.step), 0)
            as bigint
        ) as repaid_loans,
        cast(
            coalesce(sum(c.loans) filter (where c.observed_step >= s.step and c.default_step <= s.step), 0)
            as bigint
        ) as default_loans
    from counted as c
    cross join steps as s
    group by c.month, s.step
)

select
    s.month,
    s.step * 10 as age_days,
    s.loans,
    s.observed_loans,
    s.repaid_loans,
    s.default_loans,
    cast(s.repaid_loans as double) / nullif(cast(s.observed_loans as double), 0) as repaid_share,
    cast(s.default_loans as double) / nullif(cast(s.observed_loans as double), 0) as default_rate,
    s.observed_loans < s.loans as is_open
from seasons as s
where s.observed_loans > 0
order by s.month, s.step
