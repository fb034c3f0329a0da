-- Amounts of each loan made here follow from the terms that stand on it.
create view api.check_own_contracts_follow_terms as
select
    'loan' as subject,
    l.loan_id as subject_id,
    format('tax %s and due %s, where its terms give %s and %s', l.tax, l.due_amount, t.tax, t.due_amount)
        as detail
from dm.loans as l
cross join
    lateral (
        select
            dm.tax_of(l.loan_amount, l.term_days, l.tax_fixed_percent, l.tax_daily_percent) as tax,
            dm.due_of(
                l.loan_amount, l.interest_rate, l.term_days, l.tax_fixed_percent, l.tax_daily_percent,
                l.day_count
            ) as due_amount
    ) as t
where
    l.loan_id >= 1000000000
    and (l.tax, l.due_amount) is distinct from (t.tax, t.due_amount);
