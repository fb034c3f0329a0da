-- Each loan made here was issued within the span of its product's version, and has its terms.
create view api.check_loans_stand_under_their_product as
select
    'loan' as subject,
    l.loan_id as subject_id,
    format('issued %s for %s days under version %s', l.issued_on, l.term_days, l.product_version) as detail
from dm.loans as l
left join dm.products as p on l.product_version = p.product_version
where
    l.loan_id >= 1000000000
    and (
        p.validity @> l.issued_on is not true
        or (p.term_days, p.tax_fixed_percent, p.tax_daily_percent, p.day_count)
        is distinct from (l.term_days, l.tax_fixed_percent, l.tax_daily_percent, l.day_count)
    );
