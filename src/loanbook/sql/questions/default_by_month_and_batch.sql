-- question: What is the default rate by month and batch?
-- definition: A season is the month of issue. The default rate as defined is defaulted of issued loans;
--     beside it stands the matured rate, defaulted of those paid or defaulted. A season with open loans
--     is marked: its rate as defined is no improvement, its loans just cannot have defaulted yet. A
--     written-off loan counts as defaulted.
-- excluded: Cancelled loans.
-- grain: One row per month of issue and batch, from the first month to the last, each batch that ever
--     got a loan in each month, pairs without loans included.
-- chart: heatmap
-- test: default_loans of matured_loans by batch
-- column: month | date | month | Month of issue, told by its first day.
-- column: batch | integer | label | Acquisition cohort of the client.
-- column: loans | bigint | count | Loans issued.
-- column: matured_loans | bigint | count | Of these loans, paid or defaulted.
-- column: default_loans | bigint | count | Of these loans, defaulted or written off.
-- column: ongoing_loans | bigint | count | Of these loans, still open.
-- column: default_rate | double | share default_loans / loans | As defined: defaulted of issued.
-- column: matured_default_rate | double | share default_loans / matured_loans | Defaulted of matured.
-- column: principal | decimal | money | Principal lent.
-- column: is_open | boolean | flag | Some of these loans are still open.
with recursive days as (
    select
        l.issued_on,
        c.batch,
        l.status,
        count(*) as loans,
        sum(l.loan_amount) as principal
    from loans_as_of as l
    inner join clients as c on l.user_id = c.user_id
    group by l.issued_on, c.batch, l.status
),

cells as (
    select
        cast(date_trunc('month', cast(d.issued_on as timestamp)) as date) as month,
        d.batch,
        sum(d.loans) as loans,
        sum(d.loans) filter (where d.status <> 'ongoing') as matured_loans,
        sum(d.loans) filter (where d.status in ('default', 'written_off')) as default_loans,
        sum(d.principal) as principal
    from days as d
    group by cast(date_trunc('month', cast(d.issued_on as timestamp)) as date), d.batch
),

months as (
    select
        min(s.month) as month,
        max(s.month) as last_month
    from cells as s
    union all
    select
        cast(m.month + interval '1' month as date) as month,
        m.last_month
    from months as m
    where m.month < m.last_month
),

batches as (
    select distinct s.batch
    from cells as s
),

filled as (
    select
        m.month,
        b.batch,
        cast(coalesce(s.loans, 0) as bigint) as loans,
        cast(coalesce(s.matured_loans, 0) as bigint) as matured_loans,
        cast(coalesce(s.default_loans, 0) as bigint) as default_loans,
        coalesce(s.principal, 0) as principal
    from months as m
    cross join batches as b
    left join cells as s on m.month = s.month and b.batch = s.batch
)

select
    f.month,
    f.batch,
    f.loans,
    f.matured_loans,
    f.default_loans,
    f.loans - f.matured_loans as ongoing_loans,
    cast(f.default_loans as double) / nullif(cast(f.loans as double), 0) as default_rate,
    cast(f.default_loans as double) / nullif(cast(f.matured_loans as double), 0) as matured_default_rate,
    cast(f.principal as decimal(18, 2)) as principal,
    f.matured_loans < f.loans as is_open
from filled as f
order by f.month, f.batch
