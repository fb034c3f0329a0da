-- question: How much of what clients owe is past due, and for how long?
-- definition: What is owed is the balance (amount due less paid so far) of open and defaulted loans: a
--     default stays owed until it is written off. A loan due on the day asked is not past due. The
--     portfolio at risk PAR n is the share of that balance which is more than n days past due, whole
--     balances of such loans, so PAR 1 holds PAR 30 and so on. Principal and interest of a balance
--     cannot be told apart, because loans have no instalments.
-- excluded: Paid, written-off and cancelled loans, and loans that are overpaid.
-- grain: One row per age of arrears, from not past due to the oldest, ages without loans included.
-- chart: ageing
-- column: arrears | text | label | Age of arrears in words.
-- column: days_from | integer | days | First day past due of this age; 0 for what is not past due.
-- column: days_to | integer | days | Last day past due of this age; null: without end.
-- column: loans | bigint | count | Loans that are owed.
-- column: ongoing_loans | bigint | count | Of these loans, open.
-- column: default_loans | bigint | count | Of these loans, defaulted.
-- column: principal | decimal | money | Principal of these loans.
-- column: balance | decimal | money | What is owed on them.
-- column: balance_share | double | ratio balance / total_balance | Part of all that is owed.
-- column: total_balance | decimal | money | All that is owed, the same on each row.
-- column: par | text | label | Name of the figure at_risk_share: PAR 1, 30, 60 or 90.
-- column: at_risk_balance | decimal | money | What is owed on loans of this age and older.
-- column: at_risk_share | double | ratio at_risk_balance / total_balance | The portfolio at risk.
with ages (arrears, par, days_from, days_to) as (
    values
    ('not past due', cast(null as varchar(10)), 0, 0),
    ('1 to 30 days', 'PAR 1', 1, 30),
    ('31 to 60 days', 'PAR 30', 31, 60),
    ('61 to 90 days', 'PAR 60', 61, 90),
    ('over 90 days', 'PAR 90', 91, cast(null as integer))
),

placed as (
    select
        case
            when l.days_past_due <= 0 then 0
            when l.days_past_due <= 30 then 1
            when l.days_past_due <= 60 then 31
            when l.days_past_due <= 90 then 61
            else 91
        end as days_from,
        l.status,
        l.loan_amount,
        l.due_amount - l.amount_paid as balance
    from loans_as_of as l
    where l.status in ('ongoing', 'default') and l.due_amount > l.amount_paid
),

owed as (
    select
        p.days_from,
        count(*) as loans,
        count(*) filter (where p.status = 'ongoing') as ongoing_loans,
        sum(p.loan_amount) as principal,
        sum(p.balance) as balance
    from placed as p
    group by p.days_from
),

aged as (
    select
        a.arrears,
        a.par,
        a.days_from,
        a.days_to,
        coalesce(o.loans, 0) as loans,
        coalesce(o.ongoing_loans, 0) as ongoing_loans,
        cast(coalesce(o.principal, 0) as decimal(18, 2)) as principal,
        cast(coalesce(o.balance, 0) as decimal(18, 2)) as balance
    from ages as a
    left join owed as o on a.days_from = o.days_from
),

summed as (
    select
        a.*,
        cast(sum(a.balance) over () as decimal(18, 2)) as total_balance,
        cast(sum(a.balance) over (order by a.days_from desc) as decimal(18, 2)) as at_risk_balance
    from aged as a
)

select
    s.arrears,
    s.days_from,
    s.days_to,
    s.loans,
    s.ongoing_loans,
    s.loans - s.ongoing_loans as default_loans,
    s.principal,
    s.balance,
    cast(s.balance as double) / nullif(cast(s.total_balance as double), 0) as balance_share,
    s.total_balance,
    s.par,
    case when s.par is not null then s.at_risk_balance end as at_risk_balance,
    case
        when s.par is not null
            then cast(s.at_risk_balance as double) / nullif(cast(s.total_balance as double), 0)
    end as at_risk_share
from summed as s
order by s.days_from
