-- Versions of products: their terms never change, and every change is audited.
create function audit.refuse_other_terms()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_jsonb(old) - 'validity' <> to_jsonb(new) - 'validity'
        or lower(old.validity) <> lower(new.validity) then
        raise exception 'the terms of a version of a product never change; only its end may be set'
            using errcode = 'LB001', constraint = 'products_terms_stand';
    end if;
    return new;
end;
$$;

create trigger products_terms_stand before update on dm.products
for each row execute function audit.refuse_other_terms();
create trigger products_stay before delete on dm.products
for each statement execute function audit.refuse('products_stay', 'contracts stand on its rows');
create trigger products_no_truncate before truncate on dm.products
for each statement execute function audit.refuse_truncate();

create trigger products_audit_insert after insert on dm.products
referencing new table as new_rows
for each statement execute function audit.record_insert('product_version');
create trigger products_audit_update after update on dm.products
referencing old table as old_rows new table as new_rows
for each statement execute function audit.record_update('product_version');

create trigger products_history_append_only before update or delete on audit.products
for each statement execute function audit.refuse('audit_append_only', 'history is append-only');
create trigger products_history_no_truncate before truncate on audit.products
for each statement execute function audit.refuse_truncate('audit_append_only');
