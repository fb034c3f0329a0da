-- question: Who are the ten best and the ten worst clients?
-- definition: A client is judged by money, on closed loans (paid or defaulted) alone. score = net_gain
--     + early_value. net_gain is what the client paid on them, less the principal lent and the tax
--     passed on to the state: a default counts with its loss. early_value is what principal that came
--     back before its due day can earn until that day, at the net yield which the closed book as a
--     whole has in 90 days, spread over them (0 if it loses): the client owes the same however early it
--     pays, but the money can be lent again. So good is: many and large loans, at a good rate, paid in
--     full and early; bad is: a large loan lost with little of it paid. Best is the highest score,
--     worst the lowest; ties go to the lower user_id.
-- excluded: Clients without a closed loan, open loans, cancelled loans.
-- grain: One row per list (best, worst) and place in it, up to ten places each; in a book of fewer than
--     twenty clients with closed loans a client may stand in both.
-- chart: ranking
-- column: list | text | label | best or worst.
-- column: place | bigint | rank | Place in the list; 1 is the best, or the worst.
-- column: user_id | bigint | id | Number of the client.
-- column: score | double | money | net_gain + early_value.
-- column: net_gain | decimal | money | Paid on closed loans, less their principal and tax.
-- column: early_value | double | money | Worth of the principal that came back early.
-- column: closed_loans | bigint | count | Loans judged.
-- column: paid_loans | bigint | count | Of these, paid in full.
-- column: default_loans | bigint | count | Of these, defaulted or written off.
-- column: principal | decimal | money | Principal of the closed loans.
-- column: amount_paid | decimal | money | Paid on them.
-- column: lost_principal | decimal | money | Principal of defaulted loans that did not come back.
-- column: mean_days_to_pay | double | days | Days from issue to full payment, on average of paid loans.
-- column: net_yield | double | ratio net_gain / principal | Net gain on the principal.
-- column: ranked_clients | bigint | count | Clients that were ranked.
with closed as (
    -- Cents are whole numbers, which doubles add up exactly, and several times faster than decimals.
    select
        l.user_id,
        sum(cast(cast(100 * l.loan_amount as bigint) as double)) as principal_cents,
        sum(cast(cast(100 * (l.amount_paid - l.loan_amount - l.tax) as bigint) as double)) as net_gain_cents,
        sum(cast(cast(100 * l.loan_amount as bigint) as double) * (l.term_days - l.days_to_pay))
        filter (where l.days_to_pay < l.term_days) as early_cent_days
    from loans_as_of as l
    where l.status <> 'ongoing'
    group by l.user_id
),

whole as (
    select
        count(*) as ranked_clients,
        case
            when sum(c.net_gain_cents) > 0
                then cast(sum(c.net_gain_cents) as double) / nullif(90 * sum(c.principal_cents), 0)
            else cast(0 as double)
        end as gain_per_day
    from closed as c
),

scored as (
    select
        c.user_id,
        cast(coalesce(c.early_cent_days, 0) * w.gain_per_day as double) / 100 as early_value,
        cast(c.net_gain_cents + coalesce(c.early_cent_days, 0) * w.gain_per_day as double) / 100 as score,
        w.ranked_clients
    from closed as c
    cross join whole as w
),

best as (
    select s.*
    from scored as s
    order by s.score desc, s.user_id asc
    limit 10
),

worst as (
    select s.*
    from scored as s
    order by s.score, s.user_id
    limit 10
),

listed as (
    select
        'best' as list,
        row_number() over (order by b.score desc, b.user_id asc) as place,
        b.*
    from best as b
    union all
    select
        'worst' as list,
        row_number() over (order by w.score, w.user_id) as place,
        w.*
    from worst as w
),

details as (
    select
        l.user_id,
        count(*) as closed_loans,
        count(l.paid_on) as paid_loans,
        sum(l.loan_amount) as principal,
        sum(l.amount_paid) as amount_paid,
        sum(l.amount_paid - l.loan_amount - l.tax) as net_gain,
        sum(l.loan_amount - l.amount_paid)
        filter (where l.paid_on is null and l.amount_paid < l.loan_amount) as lost_principal,
        sum(l.days_to_pay) as days_to_pay
    from loans_as_of as l
    where l.status <> 'ongoing' and l.user_id in (select i.user_id from listed as i)
    group by l.user_id
)

select
    l.list,
    l.place,
    l.user_id,
    l.score,
    cast(d.net_gain as decimal(18, 2)) as net_gain,
    l.early_value,
    d.closed_loans,
    d.paid_loans,
    d.closed_loans - d.paid_loans as default_loans,
    cast(d.principal as decimal(18, 2)) as principal,
    cast(d.amount_paid as decimal(18, 2)) as amount_paid,
    cast(coalesce(d.lost_principal, 0) as decimal(18, 2)) as lost_principal,
    cast(d.days_to_pay as double) / nullif(cast(d.paid_loans as double), 0) as mean_days_to_pay,
    cast(d.net_gain as double) / nullif(cast(d.principal as double), 0) as net_yield,
    l.ranked_clients
from listed as l
inner join details as d on l.user_id = d.user_id
order by l.list, l.place
