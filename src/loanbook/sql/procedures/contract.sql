-- The arithmetic of a contract. Amounts in the book's currency, rates in percent per year, terms
-- in days; nothing is rounded here, callers round once.

-- IOF: 0.38 % once and 0.0082 % a day.
create function dm.contract_tax(p_amount numeric, p_days integer)
returns numeric
language sql immutable
as $$
    select p_amount * (0.0038 + 0.000082 * p_days);
$$;

-- All that is to be paid: principal, tax and simple interest on a year of 360 days.
create function dm.contract_due(p_amount numeric, p_rate numeric, p_days integer)
returns numeric
language sql immutable
as $$
    select p_amount * (1.0038 + 0.000082 * p_days + p_rate * p_days / 36000);
$$;

-- Whether a rate explains an amount due within a cent (sources round in binary). The contract's
-- amount, rounded half up, is within a cent of p_due exactly when the unrounded one is at least
-- p_due - 0.015 and below p_due + 0.015. All is multiplied by 36000, which spares a division.
create function dm.rate_explains(p_amount numeric, p_rate numeric, p_days integer, p_due numeric)
returns boolean
language sql immutable
as $$
    select abs(p_amount * (36136.8 + (2.952 + p_rate) * p_days) - p_due * 36000) < 540
        or p_amount * (36136.8 + (2.952 + p_rate) * p_days) - p_due * 36000 = -540;
$$;

-- The same for the tax, times a million.
create function dm.tax_fits(p_amount numeric, p_days integer, p_tax numeric)
returns boolean
language sql immutable
as $$
    select abs(p_amount * (3800 + 82 * p_days) - p_tax * 1000000) < 15000
        or p_amount * (3800 + 82 * p_days) - p_tax * 1000000 = -15000;
$$;

-- The rate with the fewest decimals (0 to 4) that explains the amount due within a cent; null if
-- there is none, or it would be negative.
create function dm.implied_rate(p_amount numeric, p_days integer, p_due numeric)
returns numeric
language sql immutable
as $$
    select r.rate
    from generate_series(0, 4) as d (decimals)
    cross join lateral (
        select round((p_due / p_amount - 1.0038 - 0.000082 * p_days) * 36000 / nullif(p_days, 0), d.decimals)
    ) as r (rate)
    where p_days > 0 and r.rate between 0 and 10000
        and dm.rate_explains(p_amount, r.rate, p_days, p_due)
    order by d.decimals
    limit 1;
$$;
