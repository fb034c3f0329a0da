-- grain: One row per loan that was issued before the day asked and not cancelled.
-- column: loan_id | bigint | id | Number of the loan.
-- column: user_id | bigint | id | The client that owes.
-- column: issued_on | date | day | Day of issue.
-- column: issue_month | date | month | Month of issue, told by its first day.
-- column: due_on | date | day | Day it is due; past due from the day after.
-- column: paid_on | date | day | Day it was paid in full, if that was before the day asked.
-- column: status | text | label | What it was on the day asked: paid (paid before that day), default or
--     written_off (so named by the source and due before that day), else ongoing.
-- column: interest_rate | decimal | percent | Percent per year of the contract; null if none explains
--     it.
-- column: loan_amount | decimal | money | Principal lent.
-- column: tax | decimal | money | IOF, collected for the state.
-- column: due_amount | decimal | money | Principal, tax and interest.
-- column: amount_paid | decimal | money | Paid before the day asked, undated money included.
-- column: term_days | integer | days | Days from issue to the due day.
-- column: days_to_pay | integer | days | Days from issue to full payment, if it was paid.
-- column: age_days | integer | days | Days from issue to the day asked.
-- column: days_past_due | integer | days | Days since the due day; 0 or less: not past due.
select
    l.loan_id,
    l.user_id,
    l.issued_on,
    cast(date_trunc('month', cast(l.issued_on as timestamp)) as date) as issue_month,
    l.due_on,
    case
        when l.status = 'paid' and l.paid_on < l.as_of then l.paid_on
    end as paid_on,
    case
        when l.status = 'paid' and l.paid_on < l.as_of then 'paid'
        when l.status in ('default', 'written_off') and l.due_on < l.as_of
            then l.status
        else 'ongoing'
    end as status,
    l.interest_rate,
    l.loan_amount,
    l.tax,
    l.due_amount,
    -- The sum of a loan's movements is its amount_paid; few of them are later than the day asked.
    coalesce(l.amount_paid - p.later, l.amount_paid) as amount_paid,
    cast(l.due_on - l.issued_on as integer) as term_days,
    case
        when l.status = 'paid' and l.paid_on < l.as_of
            then cast(l.paid_on - l.issued_on as integer)
    end as days_to_pay,
    cast(l.as_of - l.issued_on as integer) as age_days,
    cast(l.as_of - l.due_on as integer) as days_past_due
from (
    select
        o.*,
        (select a.as_of from asked as a) as as_of
    from loans as o
) as l
left join (
    select
        m.loan_id,
        -- As narrow as what it is taken from: wider decimals are several times slower.
        cast(sum(m.amount) as decimal(14, 2)) as later
    from payments as m
    where m.effective_on >= (select a.as_of from asked as a)
    group by m.loan_id
) as p on l.loan_id = p.loan_id
where
    l.issued_on < l.as_of
    and l.status <> 'cancelled'
