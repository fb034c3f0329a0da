-- Today's practice, reproduced to be measured: a stage that is emptied and refilled each time, a
-- mart that procedures fill by `not in` and an unconditional update, and a log kept row by row.

create schema stage;
create schema mart;

create table stage.clients (
    user_id bigint,
    created_at timestamp,
    status text,
    batch integer,
    credit_limit numeric(14, 2),
    interest_rate numeric(9, 4),
    denied_reason text,
    denied_at timestamp
);

create table stage.loans (
    user_id bigint,
    loan_id bigint,
    created_at timestamp,
    due_at timestamp,
    paid_at timestamp,
    status text,
    loan_amount numeric(14, 2),
    tax numeric(14, 2),
    due_amount numeric(14, 2),
    amount_paid numeric(14, 2)
);

create table mart.clients (
    user_id bigint primary key,
    created_at timestamp,
    status text,
    batch integer,
    credit_limit numeric(14, 2),
    interest_rate numeric(9, 4),
    denied_reason text,
    denied_at timestamp
);

create table mart.loans (
    loan_id bigint primary key,
    user_id bigint references mart.clients,
    created_at timestamp,
    due_at timestamp,
    paid_at timestamp,
    status text,
    loan_amount numeric(14, 2),
    tax numeric(14, 2),
    due_amount numeric(14, 2),
    amount_paid numeric(14, 2)
);

create table mart.log (
    log_id bigint generated always as identity primary key,
    relation text,
    operation text,
    old_row jsonb,
    new_row jsonb,
    done_by text,
    done_at timestamp
);

create function mart.write_log()
returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' then
        insert into mart.log (relation, operation, new_row, done_by, done_at)
        values (tg_table_name, tg_op, to_jsonb(new), current_user, now());
        return new;
    elsif tg_op = 'UPDATE' then
        insert into mart.log (relation, operation, old_row, new_row, done_by, done_at)
        values (tg_table_name, tg_op, to_jsonb(old), to_jsonb(new), current_user, now());
        return new;
    end if;
    insert into mart.log (relation, operation, old_row, done_by, done_at)
    values (tg_table_name, tg_op, to_jsonb(old), current_user, now());
    return old;
end;
$$;

create trigger clients_log after insert or update or delete on mart.clients
for each row execute function mart.write_log();
create trigger loans_log after insert or update or delete on mart.loans
for each row execute function mart.write_log();

create procedure mart.load_clients()
language plpgsql
as $$
begin
    insert into mart.clients (
        user_id, created_at, status, batch, credit_limit, interest_rate, denied_reason, denied_at
    )
    select
        s.user_id, s.created_at, s.status, s.batch, s.credit_limit, s.interest_rate,
        s.denied_reason, s.denied_at
    from stage.clients as s
    where s.user_id not in (select c.user_id from mart.clients as c);

    update mart.clients as c
    set created_at = s.created_at, status = s.status, batch = s.batch,
        credit_limit = s.credit_limit, interest_rate = s.interest_rate,
        denied_reason = s.denied_reason, denied_at = s.denied_at
    from stage.clients as s
    where c.user_id = s.user_id;
end;
$$;

create procedure mart.load_loans()
language plpgsql
as $$
begin
    insert into mart.loans (
        loan_id, user_id, created_at, due_at, paid_at, status, loan_amount, tax, due_amount,
        amount_paid
    )
    select
        s.loan_id, s.user_id, s.created_at, s.due_at, s.paid_at, s.status, s.loan_amount, s.tax,
        s.due_amount, s.amount_paid
    from stage.loans as s
    where s.loan_id not in (select l.loan_id from mart.loans as l);

    update mart.loans as l
    set user_id = s.user_id, created_at = s.created_at, due_at = s.due_at, paid_at = s.paid_at,
        status = s.status, loan_amount = s.loan_amount, tax = s.tax, due_amount = s.due_amount,
        amount_paid = s.amount_paid
    from stage.loans as s
    where l.loan_id = s.loan_id;
end;
$$;
