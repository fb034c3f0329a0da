-- question: Is the operation profitable, and how did that develop?
-- definition: Profit is told on the closed book alone, loans that were paid or have defaulted: the
--     money on open loans is neither gain nor loss yet. gross_gain is what the clients paid less the
--     principal lent, so repaid principal is no revenue and principal lost in defaults is a cost;
--     net_gain is gross_gain less the tax, which is the state's. By issue month a loan counts in the
--     month it was issued; by cash month in the month it closed: of full payment, or of the due day for
--     a default, whose loss falls then; part payments on a default count there too, so none of this
--     depends on money whose day is not known (collections_by_month shows that). Yields are per
--     principal: for a term of 90 days, and a year as four terms of 90 days without compounding,
--     comparable with interest_rate.
-- excluded: Open loans and cancelled loans; costs of funding and of the operation, which the book does
--     not know.
-- grain: One row per basis (issue or cash) and month, from its first month to its last, months without
--     closed loans included.
-- chart: timeline
-- column: basis | text | label | issue: by month of issue; cash: by month in which the loan closed.
-- column: month | date | month | The month, told by its first day.
-- column: closed_loans | bigint | count | Loans paid or defaulted.
-- column: default_loans | bigint | count | Of these loans, defaulted or written off.
-- column: principal | decimal | money | Principal lent on the closed loans.
-- column: amount_paid | decimal | money | Paid on them.
-- column: lost_principal | decimal | money | Principal of defaulted loans that did not come back.
-- column: gross_gain | decimal | money | amount_paid less principal.
-- column: tax | decimal | money | IOF on the closed loans, passed on to the state.
-- column: net_gain | decimal | money | gross_gain less tax.
-- column: cumulative_net_gain | decimal | money | net_gain of this and all earlier months of the basis.
-- column: gross_yield | double | ratio gross_gain / principal | Gross gain per principal and 90 days.
-- column: net_yield | double | ratio net_gain / principal | Net gain per principal and 90 days.
-- column: net_yield_per_year | double | percent | Percent per year: net_yield times four.
-- column: open_loans | bigint | count | Loans issued in the month that are still open (issue basis).
-- column: is_open | boolean | flag | More may come: loans of the month are open, or it is not over yet.
with recursive closings as (
    select
        l.issue_month,
        cast(date_trunc('month', cast(coalesce(l.paid_on, l.due_on) as timestamp)) as date) as closing_month,
        l.status,
        count(*) as loans,
        sum(l.loan_amount) as principal,
        sum(l.amount_paid) as amount_paid,
        sum(l.loan_amount - l.amount_paid)
        filter (where l.amount_paid < l.loan_amount and l.status in ('default', 'written_off'))
            as lost_principal,
        sum(l.tax) as tax
    from loans_as_of as l
    group by
        l.issue_month,
        cast(date_trunc('month', cast(coalesce(l.paid_on, l.due_on) as timestamp)) as date),
        l.status
),

based as (
    select
        'issue' as basis,
        c.issue_month as month,
        c.*
    from closings as c
    union all
    select
        'cash' as basis,
        c.closing_month as month,
        c.*
    from closings as c
    where c.status <> 'ongoing'
),

gains as (
    select
        b.basis,
        b.month,
        sum(b.loans) filter (where b.status <> 'ongoing') as closed_loans,
        sum(b.loans) filter (where b.status = 'ongoing') as open_loans,
        sum(b.loans) filter (where b.status in ('default', 'written_off')) as default_loans,
        sum(b.principal) filter (where b.status <> 'ongoing') as principal,
        sum(b.amount_paid) filter (where b.status <> 'ongoing') as amount_paid,
        sum(b.lost_principal) as lost_principal,
        sum(b.tax) filter (where b.status <> 'ongoing') as tax
    from based as b
    group by b.basis, b.month
),

months as (
    select
        g.basis,
        min(g.month) as month,
        max(g.month) as last_month
    from gains as g
    group by g.basis
    union all
    select
        m.basis,
        cast(m.month + interval '1' month as date) as month,
        m.last_month
    from months as m
    where m.month < m.last_month
),

filled as (
    select
        m.basis,
        m.month,
        cast(coalesce(g.closed_loans, 0) as bigint) as closed_loans,
        cast(coalesce(g.default_loans, 0) as bigint) as default_loans,
        cast(coalesce(g.principal, 0) as decimal(18, 2)) as principal,
        cast(coalesce(g.amount_paid, 0) as decimal(18, 2)) as amount_paid,
        cast(coalesce(g.lost_principal, 0) as decimal(18, 2)) as lost_principal,
        cast(coalesce(g.amount_paid, 0) - coalesce(g.principal, 0) as decimal(18, 2)) as gross_gain,
        cast(coalesce(g.tax, 0) as decimal(18, 2)) as tax,
        cast(
            coalesce(g.amount_paid, 0) - coalesce(g.principal, 0) - coalesce(g.tax, 0) as decimal(18, 2)
        ) as net_gain,
        cast(coalesce(g.open_loans, 0) as bigint) as open_loans
    from months as m
    left join gains as g on m.basis = g.basis and m.month = g.month
)

select
    f.basis,
    f.month,
    f.closed_loans,
    f.default_loans,
    f.principal,
    f.amount_paid,
    f.lost_principal,
    f.gross_gain,
    f.tax,
    f.net_gain,
    cast(sum(f.net_gain) over (partition by f.basis order by f.month) as decimal(18, 2))
        as cumulative_net_gain,
    cast(f.gross_gain as double) / nullif(cast(f.principal as double), 0) as gross_yield,
    cast(f.net_gain as double) / nullif(cast(f.principal as double), 0) as net_yield,
    cast(400 * f.net_gain as double) / nullif(cast(f.principal as double), 0) as net_yield_per_year,
    f.open_loans,
    f.open_loans > 0
    or cast(f.month + interval '1' month as date) > (select a.as_of from asked as a) as is_open
from filled as f
order by f.basis desc, f.month asc
