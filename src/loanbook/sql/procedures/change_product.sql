-- From a day on a product has other terms: the standing version ends, the next begins. What is null
-- stays. Returns the number of the new version.
create function api.change_product(
    p_product integer, p_from date, p_reason text, p_term_days integer default null,
    p_tax_fixed_percent numeric default null, p_tax_daily_percent numeric default null,
    p_grace_days integer default null, p_minimum_amount numeric default null,
    p_maximum_amount numeric default null, p_day_count integer default null,
    p_name text default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old dm.products;
    v_version bigint;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('product_change_has_reason', 'A change of a product needs a reason.');
    end if;
    -- Nobody opens a loan meanwhile (see open_loan).
    perform pg_advisory_xact_lock(ops.lock_key('products'));
    v_old := ops.last_version(p_product, p_from);
    perform ops.refuse_backdated_change(v_old, p_from);
    perform set_config('loanbook.reason', p_reason, true);
    update dm.products as p set validity = daterange(lower(p.validity), p_from)
    where p.product_version = v_old.product_version;
    insert into dm.products (
        product_id, name, validity, term_days, tax_fixed_percent, tax_daily_percent, day_count,
        grace_days, minimum_amount, maximum_amount
    )
    values (
        p_product, coalesce(p_name, v_old.name), daterange(p_from, upper(v_old.validity)),
        coalesce(p_term_days, v_old.term_days),
        ops.percent_of_tax(p_tax_fixed_percent, v_old.tax_fixed_percent),
        ops.percent_of_tax(p_tax_daily_percent, v_old.tax_daily_percent),
        coalesce(p_day_count, v_old.day_count), coalesce(p_grace_days, v_old.grace_days),
        ops.product_limit(p_minimum_amount, v_old.minimum_amount),
        ops.product_limit(p_maximum_amount, v_old.maximum_amount)
    )
    returning product_version into v_version;
    perform set_config('loanbook.reason', '', true);
    return v_version;
end;
$$;

-- The version that a change from this day on would end.
create function ops.last_version(p_product integer, p_from date)
returns dm.products
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last dm.products;
begin
    select * into v_last from dm.products as p
    where p.product_id = p_product order by lower(p.validity) desc limit 1 for no key update;
    if not found then
        perform ops.refuse('product_exists', format('There is no product %s.', p_product), 'LB404');
    elsif p_from is null or p_from <= lower(v_last.validity) or p_from >= '2200-01-01' then
        perform ops.refuse('product_change_after_last', format(
            'The last version of product %s begins on %s; a change must begin later.',
            p_product, lower(v_last.validity)
        ));
    end if;
    return v_last;
end;
$$;

-- A contract stays under the version that stood on its day.
create function ops.refuse_backdated_change(p_version dm.products, p_from date)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loan record;
begin
    select l.loan_id, l.issued_on into v_loan from dm.loans as l
    where l.loan_id >= 1000000000 and l.product_version = p_version.product_version
        and l.issued_on >= p_from
    order by l.issued_on desc, l.loan_id limit 1;
    if found then
        perform ops.refuse('product_change_after_contracts', format(
            'Loan %s was issued on %s under the standing terms; a change can begin on %s at the earliest.',
            v_loan.loan_id, v_loan.issued_on, v_loan.issued_on + 1
        ));
    end if;
end;
$$;

-- A percent of tax as it was given or as it stood; refused before its column could round it.
create function ops.percent_of_tax(p_given numeric, p_stands numeric)
returns numeric
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_given < 0 or p_given > 100 then
        perform ops.refuse_by_rule('products_tax_valid');
    elsif p_given <> round(p_given, 6) then
        perform ops.refuse_by_rule('products_tax_six_decimals');
    end if;
    return coalesce(p_given, p_stands);
end;
$$;

create function ops.product_limit(p_given numeric, p_stands numeric)
returns numeric
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_given is not null then
        perform ops.refuse_faulty_amount(p_given, 'products_limit');
    end if;
    return coalesce(p_given, p_stands);
end;
$$;
