-- Of each product one version stands on any day.
create view api.check_products_do_not_overlap as
select
    'product' as subject,
    p.product_version as subject_id,
    format('version %s stands on %s too', o.product_version, lower(p.validity * o.validity)) as detail
from dm.products as p
inner join dm.products as o
    on p.product_id = o.product_id and p.product_version <> o.product_version and p.validity && o.validity;
