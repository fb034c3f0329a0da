-- question: How much money came in each month, against what fell due?
-- definition: amount_received is the money that came in during the month, by the day from which each
--     movement counts, corrections and reversals taken off; due_amount is what the contracts of loans
--     that fell due in the month ask, whenever it is paid. collected_amount is how much of that has
--     come in so far, on whatever day, early, late or undated: collection_rate compares like with like,
--     while received and due of one month belong to different loans. Money whose day is not known is a
--     line of its own, without a month.
-- excluded: Cancelled loans and their money; what falls due on the day asked or later.
-- grain: One row per month in which money came in or fell due, from the first to the last, months
--     without either included, and one row for undated money if there is any.
-- chart: cash
-- column: month | date | month | The month, told by its first day; null: undated money.
-- column: amount_received | decimal | money | Money that came in.
-- column: due_loans | bigint | count | Loans that fell due.
-- column: due_amount | decimal | money | What those loans ask.
-- column: collected_amount | decimal | money | What has been paid on those loans so far.
-- column: collection_rate | double | ratio collected_amount / due_amount | Collected of due.
-- column: cumulative_received | decimal | money | Money of this and all earlier months, undated money
--     apart.
-- column: cumulative_due | decimal | money | Due in this and all earlier months.
-- column: is_undated | boolean | flag | The line of undated money.
-- column: is_open | boolean | flag | The month is not over on the day asked, so more may come.
with recursive received as (
    select
        cast(date_trunc('month', cast(p.effective_on as timestamp)) as date) as month,
        sum(p.amount) as amount
    from payments as p
    inner join loans_as_of as l on p.loan_id = l.loan_id
    where p.effective_on < (select a.as_of from asked as a) or p.effective_on is null
    group by cast(date_trunc('month', cast(p.effective_on as timestamp)) as date)
),

fallen_due as (
    select
        cast(date_trunc('month', cast(l.due_on as timestamp)) as date) as month,
        count(*) as loans,
        sum(l.due_amount) as due_amount,
        sum(l.amount_paid) as collected_amount
    from loans_as_of as l
    where l.days_past_due > 0
    group by cast(date_trunc('month', cast(l.due_on as timestamp)) as date)
),

known as (
    select r.month
    from received as r
    where r.month is not null
    union
    select d.month
    from fallen_due as d
),

months as (
    select
        min(k.month) as month,
        max(k.month) as last_month
    from known as k
    union all
    select
        cast(m.month + interval '1' month as date) as month,
        m.last_month
    from months as m
    where m.month < m.last_month
),

filled as (
    select
        m.month,
        coalesce(r.amount, 0) as amount_received,
        coalesce(d.loans, 0) as due_loans,
        coalesce(d.due_amount, 0) as due_amount,
        coalesce(d.collected_amount, 0) as collected_amount,
        sum(coalesce(r.amount, 0)) over (order by m.month) as cumulative_received,
        sum(coalesce(d.due_amount, 0)) over (order by m.month) as cumulative_due,
        false as is_undated
    from months as m
    left join received as r on m.month = r.month
    left join fallen_due as d on m.month = d.month
    where m.month is not null
    union all
    select
        cast(null as date) as month,
        r.amount as amount_received,
        0 as due_loans,
        0 as due_amount,
        0 as collected_amount,
        cast(null as decimal(18, 2)) as cumulative_received,
        cast(null as decimal(18, 2)) as cumulative_due,
        true as is_undated
    from received as r
    where r.month is null
)

select
    f.month,
    cast(f.amount_received as decimal(18, 2)) as amount_received,
    cast(f.due_loans as bigint) as due_loans,
    cast(f.due_amount as decimal(18, 2)) as due_amount,
    cast(f.collected_amount as decimal(18, 2)) as collected_amount,
    cast(f.collected_amount as double) / nullif(cast(f.due_amount as double), 0) as collection_rate,
    cast(f.cumulative_received as decimal(18, 2)) as cumulative_received,
    cast(f.cumulative_due as decimal(18, 2)) as cumulative_due,
    f.is_undated,
    coalesce(cast(f.month + interval '1' month as date) > (select a.as_of from asked as a), false) as is_open
from filled as f
order by f.is_undated, f.month nulls last
