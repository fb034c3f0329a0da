-- name: listed
select
    p.product_version,
    p.product_id,
    p.name,
    p.valid_from,
    p.valid_before,
    p.term_days,
    p.tax_fixed_percent,
    p.tax_daily_percent,
    p.day_count,
    p.rounding,
    p.grace_days,
    p.minimum_amount,
    p.maximum_amount
from api.products as p
where
    %(day)s::date is null
    or (p.valid_from <= %(day)s::date and (p.valid_before is null or p.valid_before > %(day)s::date))
order by p.product_id, p.valid_from;

-- name: change
select api.change_product(
    %(product_id)s, %(since)s, %(reason)s,
    p_term_days => %(term_days)s, p_tax_fixed_percent => %(tax_fixed_percent)s,
    p_tax_daily_percent => %(tax_daily_percent)s, p_grace_days => %(grace_days)s,
    p_minimum_amount => %(minimum_amount)s, p_maximum_amount => %(maximum_amount)s,
    p_day_count => %(day_count)s, p_name => %(name)s
);
