-- What a loan costs: one arithmetic for a quotation and for the contract that follows it.

-- The tax of a contract in cents, rounded once, half up: percent of the principal once, and percent
-- for each day of the term. div() loses no digit on the way.
create function dm.tax_of(
    p_amount numeric, p_days integer, p_fixed_percent numeric, p_daily_percent numeric
)
returns numeric
language sql immutable
as $$
    select div(2 * p_amount * (p_fixed_percent + p_daily_percent * p_days) + 1, 2) * 0.01;
$$;

-- All that is to be paid: principal, tax and simple interest, rounded once, half up.
create function dm.due_of(
    p_amount numeric, p_rate numeric, p_days integer, p_fixed_percent numeric,
    p_daily_percent numeric, p_day_count integer
)
returns numeric
language sql immutable
as $$
    select div(
        2 * p_amount * (
            (100 + p_fixed_percent + p_daily_percent * p_days) * p_day_count + p_rate * p_days
        ) + p_day_count,
        2 * p_day_count
    ) * 0.01;
$$;

-- CET, the effective cost in percent a year: the annual rate at which what is paid once, after so
-- many days, is worth what was received. (due / principal) ^ (365 / days) - 1, the formula of the
-- central bank's rule on the CET (Resolução CMN 4.881/2020) for a single payment.
create function dm.effective_annual_rate(p_amount numeric, p_due numeric, p_days integer)
returns numeric
language sql immutable
as $$
    select round((power(p_due / p_amount, 365::numeric / p_days) - 1) * 100, 4);
$$;

-- An amount of the book's currency as a person reads it.
create function ops.money(p_amount numeric)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case k.currency
        when 'BRL' then 'R$ ' || translate(to_char(p_amount, 'FM999,999,999,999,990.00'), ',.', '.,')
        else k.currency || ' ' || to_char(p_amount, 'FM999,999,999,999,990.00')
    end
    from ops.book as k;
$$;

-- Refuses an amount that no column of money can hold as it is, before one could round it.
create function ops.refuse_faulty_amount(p_amount numeric, p_name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_amount > 0 and p_amount < 1e12 and scale(p_amount) <= 2 then
        return;
    elsif p_amount > 0 and p_amount < 1e12 and p_amount = round(p_amount, 2) then
        return;
    elsif p_amount is null then
        perform ops.refuse_by_rule(p_name || '_missing');
    elsif p_amount > 0 and p_amount < 1e12 then
        perform ops.refuse_by_rule(p_name || '_two_decimals');
    end if;
    perform ops.refuse_by_rule(p_name || '_positive');
end;
$$;

-- Refuses by a rule that has nothing to add to its sentence.
create function ops.refuse_by_rule(p_rule text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.refuse(p_rule, (select r.sentence from ops.rules as r where r.rule = p_rule));
end;
$$;

-- The version of a product for loans issued on a day.
create function ops.terms_on(p_product integer, p_on date)
returns dm.products
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_terms dm.products;
begin
    select * into v_terms from dm.products as p
    where p.product_id = p_product and p.validity @> p_on;
    if not found then
        perform ops.refuse(
            'product_stands_on_day', format('No version of product %s stands on %s.', p_product, p_on)
        );
    end if;
    return v_terms;
end;
$$;

-- The figures of a contract; refuses a principal outside the product's limits and any figure that
-- a column could not hold.
create function ops.priced(
    p_amount numeric, p_rate numeric, p_created_at timestamp, p_terms dm.products,
    out principal numeric, out tax numeric, out interest numeric, out due_amount numeric,
    out due_at timestamp, out effective_annual_rate numeric
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.refuse_faulty_amount(p_amount, 'loans_loan_amount');
    if p_rate is null or p_rate < 0 or p_rate > 10000 then
        perform ops.refuse_by_rule('clients_interest_rate_valid');
    elsif p_rate <> round(p_rate, 4) then
        perform ops.refuse_by_rule('clients_interest_rate_four_decimals');
    elsif p_amount < p_terms.minimum_amount then
        perform ops.refuse('product_minimum_amount', format(
            '%s is less than the %s that product %s lends at least.',
            ops.money(p_amount), ops.money(p_terms.minimum_amount), p_terms.product_id
        ));
    elsif p_amount > p_terms.maximum_amount then
        perform ops.refuse('product_maximum_amount', format(
            '%s is more than the %s that product %s lends at most.',
            ops.money(p_amount), ops.money(p_terms.maximum_amount), p_terms.product_id
        ));
    end if;
    principal := p_amount::numeric(14, 2);
    tax := dm.tax_of(p_amount, p_terms.term_days, p_terms.tax_fixed_percent, p_terms.tax_daily_percent);
    due_amount := dm.due_of(
        p_amount, p_rate, p_terms.term_days, p_terms.tax_fixed_percent, p_terms.tax_daily_percent,
        p_terms.day_count
    );
    if due_amount >= 1e12 then
        perform ops.refuse_by_rule('loans_due_amount_positive');
    end if;
    -- Rounded apart, tax and interest could miss the amount due by a cent.
    interest := due_amount - principal - tax;
    due_at := p_created_at + make_interval(days => p_terms.term_days);
    effective_annual_rate := dm.effective_annual_rate(p_amount, due_amount, p_terms.term_days);
end;
$$;

-- What a loan would cost: amounts in the book's currency, rates in percent a year.
create function api.quote(
    p_amount numeric, p_rate numeric, p_issued date default null, p_product integer default 1
)
returns table (
    principal numeric, tax numeric, interest numeric, due_amount numeric, due_at timestamp,
    effective_annual_rate numeric
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_on date := ops.day_of_action(p_issued);
begin
    return query
    select q.principal, q.tax, q.interest, q.due_amount, q.due_at, q.effective_annual_rate
    from ops.priced(p_amount, p_rate, v_on::timestamp, ops.terms_on(p_product, v_on)) as q;
end;
$$;

-- The day of an act: as it was said, else the book's business date, else today at the lender's.
create function ops.day_of_action(p_on date)
returns date
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_on date := coalesce(
        p_on, (select k.business_date from ops.book as k), ops.wall_time()::date
    );
begin
    if v_on < '1900-01-01' or v_on >= '2200-01-01' then
        perform ops.refuse('day_in_range', format('%s does not lie between the years 1900 and 2199.', v_on));
    end if;
    return v_on;
end;
$$;

-- Nothing can have happened on a day that neither the book nor the lender's clock has reached.
create function ops.refuse_future(p_on date, p_what text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_business date := (select k.business_date from ops.book as k);
begin
    if p_on > v_business or v_business is null then
        if p_on > ops.wall_time()::date then
            perform ops.refuse('day_not_in_future', format(
                '%s on %s lies in the future; the book stands at %s.',
                p_what, p_on, coalesce(v_business::text, 'no day yet')
            ));
        end if;
    end if;
end;
$$;
