-- question: How did the week go that ended on the day asked?
-- definition: What happened in the seven days before the day asked, and how the book stood at their
--     end, each counted as the questions count it. A loan defaults on its due day, if its source says
--     by now that it did. The profit is what the gain of the closed book grew by: that of loans closed
--     in the week, and what came in on loans that had been closed before.
-- excluded: Cancelled loans and their money; money whose day is not known.
-- grain: One row for the week.
-- column: begins_on | date | day | First day of the week.
-- column: as_of | date | day | The day after its last: what happened before it counts.
-- column: loans | bigint | count | Loans issued in the week.
-- column: principal | decimal | money | Principal lent in the week.
-- column: amount_received | decimal | money | Money that came in during the week, by the day from which
--     it counts.
-- column: paid_loans | bigint | count | Loans paid in full in the week.
-- column: on_time_loans | bigint | count | Of these loans, paid by their due day.
-- column: on_time_share | double | share on_time_loans / paid_loans | Paid on time.
-- column: net_gain | decimal | money | Gain of the closed book in the week, after tax and losses.
-- column: default_loans | bigint | count | Loans that fell due in the week and defaulted.
-- column: default_principal | decimal | money | Principal of these loans.
-- column: default_balance | decimal | money | What is still owed on them.
-- column: ongoing_loans | bigint | count | Loans open at the end of the week.
-- column: ongoing_balance | decimal | money | What is owed on them.
-- column: coming_loans | bigint | count | Of these loans, due in the seven days after the week.
-- column: coming_balance | decimal | money | What is owed on those.
-- column: matured_loans | bigint | count | Loans issued in months of which no loan is open any more.
-- column: matured_default_loans | bigint | count | Of these loans, defaulted or written off.
-- column: matured_default_rate | double | share matured_default_loans / matured_loans | Default rate of
--     matured seasons.
-- column: clients | bigint | count | Clients registered by the end of the week.
-- column: borrowers | bigint | count | Of these, with at least one loan.
-- column: adherence | double | share borrowers / clients | Borrowers of all clients.
with week as (
    select
        cast(a.as_of - interval '7' day as date) as begins_on,
        a.as_of,
        cast(a.as_of + interval '7' day as date) as until
    from asked as a
),

received as (
    select
        p.loan_id,
        sum(p.amount) as amount
    from payments as p
    where
        p.effective_on >= (select w.begins_on from week as w)
        and p.effective_on < (select w.as_of from week as w)
    group by p.loan_id
),

standings as (
    select
        l.issue_month,
        l.user_id,
        l.status,
        l.loan_amount,
        l.issued_on >= w.begins_on as is_new,
        l.status <> 'ongoing' as is_closed,
        l.status in ('default', 'written_off') as is_default,
        coalesce(l.paid_on, l.due_on) >= w.begins_on as ended_in_week,
        l.paid_on <= l.due_on as is_on_time,
        l.due_on >= w.as_of and l.due_on < w.until as is_coming,
        case when l.due_amount > l.amount_paid then l.due_amount - l.amount_paid else 0 end as balance,
        l.amount_paid - l.loan_amount - l.tax as net_gain,
        coalesce(r.amount, 0) as received
    from loans_as_of as l
    cross join week as w
    left join received as r on l.loan_id = r.loan_id
),

seasons as (
    select
        s.issue_month,
        count(*) as season_loans,
        count(*) filter (where s.is_default) as season_default_loans,
        count(*) filter (where s.is_new) as loans,
        sum(s.loan_amount) filter (where s.is_new) as principal,
        sum(s.received) as amount_received,
        count(*) filter (where s.status = 'paid' and s.ended_in_week) as paid_loans,
        count(*) filter (where s.status = 'paid' and s.ended_in_week and s.is_on_time) as on_time_loans,
        sum(case when s.ended_in_week then s.net_gain else s.received end) filter (where s.is_closed)
            as net_gain,
        count(*) filter (where s.is_default and s.ended_in_week) as default_loans,
        sum(s.loan_amount) filter (where s.is_default and s.ended_in_week) as default_principal,
        sum(s.balance) filter (where s.is_default and s.ended_in_week) as default_balance,
        count(*) filter (where not s.is_closed) as ongoing_loans,
        sum(s.balance) filter (where not s.is_closed) as ongoing_balance,
        count(*) filter (where not s.is_closed and s.is_coming) as coming_loans,
        sum(s.balance) filter (where not s.is_closed and s.is_coming) as coming_balance
    from standings as s
    group by s.issue_month
),

book as (
    select
        cast(coalesce(sum(m.loans), 0) as bigint) as loans,
        coalesce(sum(m.principal), 0) as principal,
        coalesce(sum(m.amount_received), 0) as amount_received,
        cast(coalesce(sum(m.paid_loans), 0) as bigint) as paid_loans,
        cast(coalesce(sum(m.on_time_loans), 0) as bigint) as on_time_loans,
        coalesce(sum(m.net_gain), 0) as net_gain,
        cast(coalesce(sum(m.default_loans), 0) as bigint) as default_loans,
        coalesce(sum(m.default_principal), 0) as default_principal,
        coalesce(sum(m.default_balance), 0) as default_balance,
        cast(coalesce(sum(m.ongoing_loans), 0) as bigint) as ongoing_loans,
        coalesce(sum(m.ongoing_balance), 0) as ongoing_balance,
        cast(coalesce(sum(m.coming_loans), 0) as bigint) as coming_loans,
        coalesce(sum(m.coming_balance), 0) as coming_balance,
        cast(coalesce(sum(m.season_loans) filter (where m.ongoing_loans = 0), 0) as bigint)
            as matured_loans,
        cast(coalesce(sum(m.season_default_loans) filter (where m.ongoing_loans = 0), 0) as bigint)
            as matured_default_loans
    from seasons as m
),

people as (
    select
        count(*) as clients,
        count(b.user_id) as borrowers
    from clients_as_of as c
    left join (
        select distinct s.user_id
        from standings as s
    ) as b on c.user_id = b.user_id
)

select
    w.begins_on,
    w.as_of,
    b.loans,
    cast(b.principal as decimal(18, 2)) as principal,
    cast(b.amount_received as decimal(18, 2)) as amount_received,
    b.paid_loans,
    b.on_time_loans,
    cast(b.on_time_loans as double) / nullif(cast(b.paid_loans as double), 0) as on_time_share,
    cast(b.net_gain as decimal(18, 2)) as net_gain,
    b.default_loans,
    cast(b.default_principal as decimal(18, 2)) as default_principal,
    cast(b.default_balance as decimal(18, 2)) as default_balance,
    b.ongoing_loans,
    cast(b.ongoing_balance as decimal(18, 2)) as ongoing_balance,
    b.coming_loans,
    cast(b.coming_balance as decimal(18, 2)) as coming_balance,
    b.matured_loans,
    b.matured_default_loans,
    cast(b.matured_default_loans as double) / nullif(cast(b.matured_loans as double), 0)
        as matured_default_rate,
    p.clients,
    p.borrowers,
    cast(p.borrowers as double) / nullif(cast(p.clients as double), 0) as adherence
from week as w
cross join book as b
cross join people as p
order by w.as_of
