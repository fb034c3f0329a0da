-- question: Do different interest rates lead to different default rates?
-- definition: The default rate as defined is defaulted of issued loans. Loans that are still open
--     cannot have defaulted yet, so beside it stands the matured rate: defaulted of matured loans,
--     those that have been paid or have defaulted. The rate is that of the contract. A written-off loan
--     counts as defaulted.
-- excluded: Cancelled loans.
-- grain: One row per interest rate of contracts; null stands for contracts that no rate explains.
-- chart: intervals
-- test: default_loans of matured_loans by interest_rate
-- column: interest_rate | decimal | percent | Percent per year of the contract.
-- column: loans | bigint | count | Loans issued.
-- column: matured_loans | bigint | count | Of these loans, paid or defaulted.
-- column: paid_loans | bigint | count | Of these loans, paid in full.
-- column: default_loans | bigint | count | Of these loans, defaulted or written off.
-- column: ongoing_loans | bigint | count | Of these loans, still open.
-- column: default_rate | double | share default_loans / loans | As defined: defaulted of issued.
-- column: matured_default_rate | double | share default_loans / matured_loans | Defaulted of matured.
-- column: principal | decimal | money | Principal lent.
-- column: default_principal | decimal | money | Principal of the defaulted loans.
-- column: is_open | boolean | flag | Some of these loans are still open.
with standings as (
    select
        l.interest_rate,
        l.status,
        count(*) as loans,
        sum(l.loan_amount) as principal
    from loans_as_of as l
    group by l.interest_rate, l.status
),

rates as (
    select
        s.interest_rate,
        cast(sum(s.loans) as bigint) as loans,
        cast(coalesce(sum(s.loans) filter (where s.status <> 'ongoing'), 0) as bigint) as matured_loans,
        cast(coalesce(sum(s.loans) filter (where s.status = 'paid'), 0) as bigint) as paid_loans,
        sum(s.principal) as principal,
        sum(s.principal) filter (where s.status in ('default', 'written_off')) as default_principal
    from standings as s
    group by s.interest_rate
)

select
    r.interest_rate,
    r.loans,
    r.matured_loans,
    r.paid_loans,
    r.matured_loans - r.paid_loans as default_loans,
    r.loans - r.matured_loans as ongoing_loans,
    cast(r.matured_loans - r.paid_loans as double) / nullif(cast(r.loans as double), 0) as default_rate,
    cast(r.matured_loans - r.paid_loans as double) / nullif(cast(r.matured_loans as double), 0)
        as matured_default_rate,
    cast(r.principal as decimal(18, 2)) as principal,
    cast(coalesce(r.default_principal, 0) as decimal(18, 2)) as default_principal,
    r.matured_loans < r.loans as is_open
from rates as r
order by r.interest_rate nulls last
