-- question: Which month was best for issuing loans?
-- definition: Loans and the principal lent in each month of issue, and how those loans stand on the day
--     asked. The best month is told twice: by number and by amount; the month that is not over yet is
--     marked and can still grow.
-- excluded: Cancelled loans.
-- grain: One row per month of issue from the first to the last, months without loans included.
-- chart: bars
-- column: month | date | month | Month of issue, told by its first day.
-- column: loans | bigint | count | Loans issued.
-- column: principal | decimal | money | Principal lent.
-- column: mean_loan_amount | double | money | Principal of a loan on average.
-- column: paid_loans | bigint | count | Of these loans, paid in full.
-- column: default_loans | bigint | count | Of these loans, defaulted or written off.
-- column: ongoing_loans | bigint | count | Of these loans, still open.
-- column: paid_principal | decimal | money | Principal of the paid loans.
-- column: default_principal | decimal | money | Principal of the defaulted loans.
-- column: ongoing_principal | decimal | money | Principal of the open loans.
-- column: rank_by_loans | bigint | rank | Place by number of loans; 1 is best, ties go to the earlier
--     month.
-- column: rank_by_principal | bigint | rank | Place by principal; 1 is best, ties go to the earlier
--     month.
-- column: is_open | boolean | flag | The month is not over on the day asked, so more may come.
with recursive days as (
    select
        l.issued_on,
        l.status,
        count(*) as loans,
        sum(l.loan_amount) as principal
    from loans_as_of as l
    group by l.issued_on, l.status
),

issued as (
    select
        cast(date_trunc('month', cast(d.issued_on as timestamp)) as date) as month,
        cast(sum(d.loans) as bigint) as loans,
        sum(d.principal) as principal,
        sum(d.loans) filter (where d.status = 'paid') as paid_loans,
        sum(d.loans) filter (where d.status in ('default', 'written_off')) as default_loans,
        sum(d.loans) filter (where d.status = 'ongoing') as ongoing_loans,
        sum(d.principal) filter (where d.status = 'paid') as paid_principal,
        sum(d.principal) filter (where d.status in ('default', 'written_off')) as default_principal,
        sum(d.principal) filter (where d.status = 'ongoing') as ongoing_principal
    from days as d
    group by cast(date_trunc('month', cast(d.issued_on as timestamp)) as date)
),

months as (
    select
        min(i.month) as month,
        max(i.month) as last_month
    from issued as i
    union all
    select
        cast(m.month + interval '1' month as date) as month,
        m.last_month
    from months as m
    where m.month < m.last_month
)

select
    m.month,
    coalesce(i.loans, 0) as loans,
    cast(coalesce(i.principal, 0) as decimal(18, 2)) as principal,
    cast(i.principal as double) / nullif(cast(i.loans as double), 0) as mean_loan_amount,
    cast(coalesce(i.paid_loans, 0) as bigint) as paid_loans,
    cast(coalesce(i.default_loans, 0) as bigint) as default_loans,
    cast(coalesce(i.ongoing_loans, 0) as bigint) as ongoing_loans,
    cast(coalesce(i.paid_principal, 0) as decimal(18, 2)) as paid_principal,
    cast(coalesce(i.default_principal, 0) as decimal(18, 2)) as default_principal,
    cast(coalesce(i.ongoing_principal, 0) as decimal(18, 2)) as ongoing_principal,
    row_number() over (order by coalesce(i.loans, 0) desc, m.month asc) as rank_by_loans,
    row_number() over (order by coalesce(i.principal, 0) desc, m.month asc) as rank_by_principal,
    cast(m.month + interval '1' month as date) > (select a.as_of from asked as a) as is_open
from months as m
left join issued as i on m.month = i.month
where m.month is not null
order by m.month
