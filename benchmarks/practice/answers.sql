-- The six answers as somebody writes them by hand for DuckDB, for one business date and a healthy
-- book: no shared relations, no other day than 2024-01-25, the same columns and rows.

-- name: issuance_by_month
with issued as (
    select
        date_trunc('month', created_at)::date as month,
        count(*) as loans,
        sum(loan_amount) as principal,
        count(*) filter (where status = 'paid') as paid_loans,
        count(*) filter (where status = 'default') as default_loans,
        count(*) filter (where status = 'ongoing') as ongoing_loans,
        sum(loan_amount) filter (where status = 'paid') as paid_principal,
        sum(loan_amount) filter (where status = 'default') as default_principal,
        sum(loan_amount) filter (where status = 'ongoing') as ongoing_principal
    from loans group by all
)
select
    month, loans, principal::decimal(18, 2) as principal,
    principal::double / loans as mean_loan_amount,
    paid_loans, default_loans, ongoing_loans,
    coalesce(paid_principal, 0)::decimal(18, 2) as paid_principal,
    coalesce(default_principal, 0)::decimal(18, 2) as default_principal,
    coalesce(ongoing_principal, 0)::decimal(18, 2) as ongoing_principal,
    row_number() over (order by loans desc, month) as rank_by_loans,
    row_number() over (order by principal desc, month) as rank_by_principal,
    month = date '2024-01-01' as is_open
from issued order by month;

-- name: adherence_by_batch
with borrowed as (select user_id, count(*) as loans from loans group by user_id),
batches as (
    select
        batch, count(*) as clients,
        count(*) filter (where status = 'approved') as approved_clients,
        count(loans) as borrowers,
        count(loans) filter (where status = 'approved') as approved_borrowers,
        count(*) filter (where loans > 1) as repeat_borrowers,
        sum(loans)::bigint as loans
    from clients left join borrowed using (user_id) group by batch
)
select
    batch, clients, approved_clients, borrowers, approved_borrowers,
    borrowers / clients as adherence,
    approved_borrowers / approved_clients as adherence_of_approved,
    borrowers / approved_clients as borrowers_to_approved,
    repeat_borrowers, loans,
    row_number() over (order by borrowers / clients desc, batch) as rank
from batches order by batch;

-- name: default_by_interest_rate
select
    interest_rate, count(*) as loans,
    count(*) filter (where status <> 'ongoing') as matured_loans,
    count(*) filter (where status = 'paid') as paid_loans,
    count(*) filter (where status = 'default') as default_loans,
    count(*) filter (where status = 'ongoing') as ongoing_loans,
    count(*) filter (where status = 'default') / count(*) as default_rate,
    count(*) filter (where status = 'default')
    / count(*) filter (where status <> 'ongoing') as matured_default_rate,
    sum(loan_amount)::decimal(18, 2) as principal,
    sum(loan_amount) filter (where status = 'default')::decimal(18, 2) as default_principal,
    count(*) filter (where status = 'ongoing') > 0 as is_open
from loans group by interest_rate order by interest_rate;

-- name: client_ranking
with closed as (
    select
        user_id, count(*) as closed_loans, count(paid_on) as paid_loans,
        sum(loan_amount) as principal, sum(amount_paid) as amount_paid,
        sum(amount_paid - loan_amount - tax) as net_gain,
        sum(greatest(loan_amount - amount_paid, 0)) filter (where status = 'default') as lost,
        sum(paid_on - issued_on) as days,
        sum(loan_amount * (due_on - paid_on)) filter (where paid_on < due_on) as early_days
    from loans where status <> 'ongoing' group by user_id
),
whole as (
    select count(*) as ranked_clients,
        sum(net_gain)::double / (90 * sum(principal))::double as per_day
    from closed
),
scored as (
    select
        *, coalesce(early_days, 0)::double * per_day as early_value,
        net_gain::double + early_value as score
    from closed cross join whole
),
listed as (
    select * from (
        select 'best' as list, row_number() over (order by score desc, user_id) as place, * from scored
    ) where place <= 10
    union all
    select * from (
        select 'worst' as list, row_number() over (order by score, user_id) as place, * from scored
    ) where place <= 10
)
select
    list, place, user_id, score, net_gain::decimal(18, 2) as net_gain, early_value,
    closed_loans, paid_loans, closed_loans - paid_loans as default_loans,
    principal::decimal(18, 2) as principal, amount_paid::decimal(18, 2) as amount_paid,
    coalesce(lost, 0)::decimal(18, 2) as lost_principal,
    days::double / nullif(paid_loans, 0) as mean_days_to_pay,
    net_gain::double / principal::double as net_yield, ranked_clients
from listed order by list, place;

-- name: default_by_month_and_batch
with cells as (
    select
        date_trunc('month', l.created_at)::date as month, batch, count(*) as loans,
        count(*) filter (where l.status <> 'ongoing') as matured_loans,
        count(*) filter (where l.status = 'default') as default_loans,
        sum(loan_amount) as principal
    from loans as l inner join clients using (user_id) group by all
),
months as (select distinct month from cells),
batches as (select distinct batch from cells)
select
    month, batch, coalesce(loans, 0) as loans, coalesce(matured_loans, 0) as matured_loans,
    coalesce(default_loans, 0) as default_loans,
    coalesce(loans - matured_loans, 0) as ongoing_loans,
    default_loans / nullif(loans, 0) as default_rate,
    default_loans / nullif(matured_loans, 0) as matured_default_rate,
    coalesce(principal, 0)::decimal(18, 2) as principal,
    coalesce(matured_loans < loans, false) as is_open
from months cross join batches left join cells using (month, batch) order by month, batch;

-- name: profitability_timeline
with closings as (
    select
        date_trunc('month', created_at)::date as issue_month,
        date_trunc('month', coalesce(paid_at, due_at))::date as cash_month,
        status, count(*) as loans, sum(loan_amount) as principal, sum(amount_paid) as amount_paid,
        sum(greatest(loan_amount - amount_paid, 0)) as lost, sum(tax) as tax
    from loans group by all
),
based as (
    select 'issue' as basis, issue_month as month, * from closings
    union all
    select 'cash' as basis, cash_month as month, * from closings where status <> 'ongoing'
),
gains as (
    select
        basis, month,
        coalesce(sum(loans) filter (where status <> 'ongoing'), 0)::bigint as closed_loans,
        coalesce(sum(loans) filter (where status = 'default'), 0)::bigint as default_loans,
        coalesce(sum(principal) filter (where status <> 'ongoing'), 0)::decimal(18, 2) as principal,
        coalesce(sum(amount_paid) filter (where status <> 'ongoing'), 0)::decimal(18, 2)
            as amount_paid,
        coalesce(sum(lost) filter (where status = 'default'), 0)::decimal(18, 2) as lost_principal,
        coalesce(sum(tax) filter (where status <> 'ongoing'), 0)::decimal(18, 2) as tax,
        coalesce(sum(loans) filter (where status = 'ongoing'), 0)::bigint as open_loans
    from based group by all
)
select
    basis, month, closed_loans, default_loans, principal, amount_paid, lost_principal,
    (amount_paid - principal)::decimal(18, 2) as gross_gain, tax,
    (amount_paid - principal - tax)::decimal(18, 2) as net_gain,
    sum(amount_paid - principal - tax) over (partition by basis order by month)::decimal(18, 2)
        as cumulative_net_gain,
    (amount_paid - principal)::double / nullif(principal::double, 0) as gross_yield,
    (amount_paid - principal - tax)::double / nullif(principal::double, 0) as net_yield,
    (400 * (amount_paid - principal - tax))::double / nullif(principal::double, 0)
        as net_yield_per_year,
    open_loans, open_loans > 0 or month = date '2024-01-01' as is_open
from gains order by basis desc, month;
