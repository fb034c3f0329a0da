-- question: How do loans move between ages of arrears in a month?
-- definition: Every loan that was owed a month before the day asked, by its age of arrears then and by
--     what became of it since: its age of arrears on the day asked, or paid, or written off. Both are
--     told by due day and by payments before either day, so the question has one answer whether or not
--     a snapshot was taken then; a default stays in its age of arrears until it is paid or written
--     off. The roll rate is the share of the loans of one age that came to another; loans of which
--     nothing was paid get worse by about a month of days, hence by one age.
-- excluded: Loans issued within the month, loans paid before it, cancelled and overpaid ones.
-- grain: One row per age of arrears a month ago and what became of its loans, where there are any.
-- chart: matrix
-- column: day_before | date | day | The day a month before the day asked.
-- column: arrears_before | text | label | Age of arrears then.
-- column: days_before | integer | days | First day past due of that age; 0 for what was not past due.
-- column: became | text | label | Age of arrears on the day asked, or paid, or written off.
-- column: days_after | integer | days | First day past due of that age; null for paid and written off.
-- column: loans | bigint | count | Loans that went this way.
-- column: loans_before | bigint | count | Loans of that age a month ago, the same on each of its rows.
-- column: roll_rate | double | share loans / loans_before | Part of them that went this way.
-- column: balance_before | decimal | money | Owed then on loans that went this way.
-- column: balance_after | decimal | money | Owed on them on the day asked.
with ages (arrears, days_from, days_to) as (
    values
    ('not past due', 0, 0),
    ('1 to 30 days', 1, 30),
    ('31 to 60 days', 31, 60),
    ('61 to 90 days', 61, 90),
    ('over 90 days', 91, 1000000)
),

spans as (
    select
        a.as_of as day_after,
        cast(a.as_of - interval '1' month as date) as day_before
    from asked as a
),

-- What was paid after a day: movements of money without a day are older than any.
since as (
    select
        m.loan_id,
        sum(m.amount) as paid
    from payments as m
    where m.effective_on >= (select s.day_before from spans as s)
    group by m.loan_id
),

paid_after as (
    select
        m.loan_id,
        sum(m.amount) as paid
    from payments as m
    where m.effective_on >= (select s.day_after from spans as s)
    group by m.loan_id
),

loans_then as (
    select
        l.loan_id,
        case when l.due_on < s.day_before then cast(s.day_before - l.due_on as integer) else 0 end
            as days_before,
        case when l.due_on < s.day_after then cast(s.day_after - l.due_on as integer) else 0 end
            as days_after,
        l.due_amount - l.amount_paid + coalesce(b.paid, 0) as balance_before,
        l.due_amount - l.amount_paid + coalesce(p.paid, 0) as balance_after,
        l.status = 'paid' and l.paid_on < s.day_after as is_paid,
        l.status = 'written_off' and l.due_on < s.day_after as is_written_off
    from loans as l
    cross join spans as s
    left join since as b on l.loan_id = b.loan_id
    left join paid_after as p on l.loan_id = p.loan_id
    where
        l.issued_on < s.day_before
        and l.status <> 'cancelled'
        and not (l.status = 'paid' and l.paid_on < s.day_before)
        and not (l.status = 'written_off' and l.due_on < s.day_before)
),

moved as (
    select
        a.arrears as arrears_before,
        a.days_from as days_before,
        case
            when t.is_written_off then 'written off'
            when t.is_paid or t.balance_after <= 0 then 'paid'
            else z.arrears
        end as became,
        case
            when t.is_written_off or t.is_paid or t.balance_after <= 0 then cast(null as integer)
            else z.days_from
        end as days_after,
        t.balance_before,
        case
            when t.is_written_off or t.is_paid or t.balance_after <= 0 then 0 else t.balance_after
        end as balance_after
    from loans_then as t
    inner join ages as a on t.days_before between a.days_from and a.days_to
    inner join ages as z on t.days_after between z.days_from and z.days_to
    where t.balance_before > 0
),

counted as (
    select
        m.arrears_before,
        m.days_before,
        m.became,
        m.days_after,
        count(*) as loans,
        sum(m.balance_before) as balance_before,
        sum(m.balance_after) as balance_after
    from moved as m
    group by m.arrears_before, m.days_before, m.became, m.days_after
),

summed as (
    select
        c.*,
        cast(sum(c.loans) over (partition by c.days_before) as bigint) as loans_before
    from counted as c
)

select
    s.day_before,
    c.arrears_before,
    c.days_before,
    c.became,
    c.days_after,
    c.loans,
    c.loans_before,
    cast(c.loans as double) / nullif(cast(c.loans_before as double), 0) as roll_rate,
    cast(c.balance_before as decimal(18, 2)) as balance_before,
    cast(c.balance_after as decimal(18, 2)) as balance_after
from summed as c
cross join spans as s
order by c.days_before, c.days_after nulls last, c.became
