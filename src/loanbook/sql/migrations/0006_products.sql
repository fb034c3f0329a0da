-- Products: on which terms loans are made here. A version stands for a span of days and never
-- changes but for its end, so that tomorrow's tax does not touch yesterday's contracts.

create table dm.products (
    product_version bigint generated always as identity constraint products_pkey primary key,
    product_id integer not null
    constraint products_product_id_positive check (product_id > 0),
    name text not null
    constraint products_name_short check (length(name) between 1 and 100),
    validity daterange not null
    constraint products_validity_begins check (not isempty(validity) and not lower_inf(validity)),
    term_days integer not null
    constraint products_term_days_valid check (term_days between 1 and 3650),
    tax_fixed_percent numeric(9, 6) not null
    constraint products_tax_fixed_valid check (tax_fixed_percent >= 0 and tax_fixed_percent <= 100),
    tax_daily_percent numeric(9, 6) not null
    constraint products_tax_daily_valid check (tax_daily_percent >= 0 and tax_daily_percent <= 100),
    day_count integer not null default 360
    constraint products_day_count_known check (day_count in (360, 365)),
    rounding text not null default 'half_up'
    constraint products_rounding_known check (rounding in ('half_up')),
    grace_days integer not null default 0
    constraint products_grace_days_valid check (grace_days between 0 and 3650),
    minimum_amount numeric(14, 2)
    constraint products_minimum_amount_valid check (minimum_amount > 0 and minimum_amount <> 'nan'),
    maximum_amount numeric(14, 2)
    constraint products_maximum_amount_valid check (maximum_amount > 0 and maximum_amount <> 'nan'),
    constraint products_amounts_in_order check (minimum_amount <= maximum_amount),
    -- One version stands on any day; core PostgreSQL has no equality in gist, but a range of one
    -- number overlaps only itself.
    constraint products_one_version_a_day
    exclude using gist (int4range(product_id, product_id, '[]') with &&, validity with &&)
);
comment on table dm.products is 'One row per version of a product: the terms of loans issued in its span.';
comment on column dm.products.product_version is 'Number of the version; stands on each loan made under it.';
comment on column dm.products.product_id is 'Number of the product; 1 is the operation''s.';
comment on column dm.products.name is 'What it is called.';
comment on column dm.products.validity is 'Days of issue for which the version stands, without the last.';
comment on column dm.products.term_days is 'Days from issue to due.';
comment on column dm.products.tax_fixed_percent is 'IOF, percent of the principal, once.';
comment on column dm.products.tax_daily_percent is 'IOF, percent of the principal for each day of the term.';
comment on column dm.products.day_count is 'Days of the year on which the interest rate is counted.';
comment on column dm.products.rounding is 'half_up: the amount due to the cent, once, halves away from zero.';
comment on column dm.products.grace_days is 'Days past due after which a loan is a default.';
comment on column dm.products.minimum_amount is 'Least principal, in the book''s currency; blank if none.';
comment on column dm.products.maximum_amount is 'Greatest principal, in the book''s currency; blank if none.';

-- The operation's product: its data and the law say 0.38 %, whatever its description says.
insert into dm.products (product_id, name, validity, term_days, tax_fixed_percent, tax_daily_percent)
values (1, '90 days', '[1900-01-01,)', 90, 0.38, 0.0082);

create table audit.products (
    key bigint not null,
    statement_id bigint not null,
    operation "char" not null,
    before jsonb,
    constraint products_history_pkey primary key (key, statement_id),
    constraint products_history_insert_has_no_before check ((operation = 'I') = (before is null))
);
comment on table audit.products is 'One row per version of a product that a statement changed.';
comment on column audit.products.key is 'product_version of the changed row.';
comment on column audit.products.statement_id is 'The statement; it names actor and time.';
comment on column audit.products.operation is 'I insert, U update, D delete.';
comment on column audit.products.before is 'The row before.';

-- The terms of a contract stand on the loan; of loans that came by file they are not known.
alter table dm.loans
add column product_version bigint constraint loans_product_version_fkey references dm.products,
add column term_days integer constraint loans_term_days_valid check (term_days between 1 and 3650),
add column tax_fixed_percent numeric(9, 6)
constraint loans_tax_fixed_valid check (tax_fixed_percent >= 0 and tax_fixed_percent <= 100),
add column tax_daily_percent numeric(9, 6)
constraint loans_tax_daily_valid check (tax_daily_percent >= 0 and tax_daily_percent <= 100),
add column day_count integer constraint loans_day_count_known check (day_count in (360, 365)),
add column classified_on date,
add constraint loans_own_has_terms check (owner <> 'loanbook' or product_version is not null),
add constraint loans_terms_stand_together check (
    case
        when product_version is null
            then
                term_days is null and tax_fixed_percent is null and tax_daily_percent is null
                and day_count is null and classified_on is null
        else
            owner = 'loanbook' and term_days is not null and tax_fixed_percent is not null
            and tax_daily_percent is not null and day_count is not null and interest_rate is not null
    end
),
add constraint loans_classified_after_due
check (classified_on is null or classified_on > created_at::date + term_days);
comment on column dm.loans.product_version is 'Version of the product under which it was made here.';
comment on column dm.loans.term_days is 'Days from issue to due, by its contract made here.';
comment on column dm.loans.tax_fixed_percent is 'IOF of its contract made here, percent, once.';
comment on column dm.loans.tax_daily_percent is 'IOF of its contract made here, percent a day.';
comment on column dm.loans.day_count is 'Days of the year on which the rate of its contract counts.';
comment on column dm.loans.classified_on is
'Business date of the last classification that found it unpaid past its grace.';

-- A person's or program's own key for a request: asked again it acts only once.
create table ops.requests (
    key text constraint requests_pkey primary key
    constraint requests_key_is_a_name check (key ~ '^[^[:cntrl:]]{1,200}$'),
    act text not null,
    content jsonb not null,
    answer jsonb not null,
    actor text not null,
    at timestamptz not null default clock_timestamp()
);
comment on table ops.requests is 'One row per request that named a key of its own: the same acts once.';
comment on column ops.requests.key is 'The key that the caller gave.';
comment on column ops.requests.act is 'The procedure that was called.';
comment on column ops.requests.content is 'What was asked for, as it was asked.';
comment on column ops.requests.answer is 'What was answered, and is answered again.';
comment on column ops.requests.actor is 'Who asked first.';
comment on column ops.requests.at is 'When it was done.';

alter table ops.book
add column currency text not null default 'BRL'
constraint book_currency_is_a_code check (currency ~ '^[A-Z]{3}$');
comment on column ops.book.currency is 'ISO 4217 code of all amounts.';
