-- question: How does the book stand?
-- definition: The figures a lender looks at first, each as the question that tells it in full defines
--     it: default rates as in default_by_interest_rate, gains on the closed book as in
--     profitability_timeline, the portfolio at risk as in portfolio_at_risk.
-- excluded: Cancelled loans; clients registered and loans issued on the day asked or later.
-- grain: One row for the book, also for an empty one.
-- chart: figures
-- column: as_of | date | day | The day asked: what happened before it counts.
-- column: clients | bigint | count | Clients registered.
-- column: approved_clients | bigint | count | Of these, approved.
-- column: borrowers | bigint | count | Clients with at least one loan.
-- column: loans | bigint | count | Loans issued.
-- column: matured_loans | bigint | count | Of these loans, paid or defaulted.
-- column: paid_loans | bigint | count | Of these loans, paid in full.
-- column: default_loans | bigint | count | Of these loans, defaulted or written off.
-- column: ongoing_loans | bigint | count | Of these loans, still open.
-- column: first_issued_on | date | day | Day of the first loan.
-- column: last_issued_on | date | day | Day of the last loan.
-- column: principal | decimal | money | Principal lent.
-- column: default_principal | decimal | money | Principal of the defaulted loans.
-- column: ongoing_principal | decimal | money | Principal of the open loans.
-- column: default_rate | double | share default_loans / loans | As defined: defaulted of issued.
-- column: matured_default_rate | double | share default_loans / matured_loans | Defaulted of matured.
-- column: closed_principal | decimal | money | Principal of the closed book, loans paid or defaulted.
-- column: closed_amount_paid | decimal | money | Paid on the closed book.
-- column: gross_gain | decimal | money | closed_amount_paid less closed_principal.
-- column: tax | decimal | money | IOF on the closed book, passed on to the state.
-- column: net_gain | decimal | money | gross_gain less tax.
-- column: gross_yield | double | ratio gross_gain / closed_principal | Gross gain per principal and 90
--     days.
-- column: net_yield | double | ratio net_gain / closed_principal | Net gain per principal and 90 days.
-- column: owed_balance | decimal | money | Owed on open and defaulted loans.
-- column: at_risk_balance | decimal | money | Of that, on loans more than 30 days past due.
-- column: par_30 | double | ratio at_risk_balance / owed_balance | Portfolio at risk, 30 days.
with standings as (
    select
        l.status,
        l.loan_amount,
        l.tax,
        l.amount_paid,
        l.user_id,
        l.issued_on,
        case
            when l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid
                then l.due_amount - l.amount_paid
            else 0
        end as balance,
        l.days_past_due > 30 as is_at_risk
    from loans_as_of as l
),

loan_figures as (
    select
        count(*) as loans,
        count(distinct s.user_id) as borrowers,
        count(*) filter (where s.status = 'paid') as paid_loans,
        count(*) filter (where s.status in ('default', 'written_off')) as default_loans,
        count(*) filter (where s.status = 'ongoing') as ongoing_loans,
        min(s.issued_on) as first_issued_on,
        max(s.issued_on) as last_issued_on,
        coalesce(sum(s.loan_amount), 0) as principal,
        coalesce(sum(s.loan_amount) filter (where s.status in ('default', 'written_off')), 0)
            as default_principal,
        coalesce(sum(s.loan_amount) filter (where s.status = 'ongoing'), 0) as ongoing_principal,
        coalesce(sum(s.loan_amount) filter (where s.status <> 'ongoing'), 0) as closed_principal,
        coalesce(sum(s.amount_paid) filter (where s.status <> 'ongoing'), 0) as closed_amount_paid,
        coalesce(sum(s.tax) filter (where s.status <> 'ongoing'), 0) as tax,
        coalesce(sum(s.balance), 0) as owed_balance,
        coalesce(sum(s.balance) filter (where s.is_at_risk), 0) as at_risk_balance
    from standings as s
),

client_figures as (
    select
        count(*) as clients,
        count(*) filter (where c.is_approved) as approved_clients
    from clients_as_of as c
)

select
    a.as_of,
    c.clients,
    c.approved_clients,
    l.borrowers,
    l.loans,
    l.paid_loans + l.default_loans as matured_loans,
    l.paid_loans,
    l.default_loans,
    l.ongoing_loans,
    l.first_issued_on,
    l.last_issued_on,
    cast(l.principal as decimal(18, 2)) as principal,
    cast(l.default_principal as decimal(18, 2)) as default_principal,
    cast(l.ongoing_principal as decimal(18, 2)) as ongoing_principal,
    cast(l.default_loans as double) / nullif(cast(l.loans as double), 0) as default_rate,
    cast(l.default_loans as double) / nullif(cast(l.paid_loans + l.default_loans as double), 0)
        as matured_default_rate,
    cast(l.closed_principal as decimal(18, 2)) as closed_principal,
    cast(l.closed_amount_paid as decimal(18, 2)) as closed_amount_paid,
    cast(l.closed_amount_paid - l.closed_principal as decimal(18, 2)) as gross_gain,
    cast(l.tax as decimal(18, 2)) as tax,
    cast(l.closed_amount_paid - l.closed_principal - l.tax as decimal(18, 2)) as net_gain,
    cast(l.closed_amount_paid - l.closed_principal as double) / nullif(cast(l.closed_principal as double), 0)
        as gross_yield,
    cast(l.closed_amount_paid - l.closed_principal - l.tax as double)
    / nullif(cast(l.closed_principal as double), 0) as net_yield,
    cast(l.owed_balance as decimal(18, 2)) as owed_balance,
    cast(l.at_risk_balance as decimal(18, 2)) as at_risk_balance,
    cast(l.at_risk_balance as double) / nullif(cast(l.owed_balance as double), 0) as par_30
from asked as a
cross join loan_figures as l
cross join client_figures as c
order by a.as_of
