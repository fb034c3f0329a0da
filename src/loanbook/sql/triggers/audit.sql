-- One function per kind of statement serves every table of the mart; what it keeps goes into the
-- table of the same name in schema audit. The argument of a trigger is
-- the key column; of contacts also the personal columns, whose images are kept apart.

create function audit.open_statement(
    p_relation text, p_operation "char",
    p_statement_id bigint default nextval('audit.statements_statement_id_seq')
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into audit.statements (
        statement_id, relation, operation, actor, session_role, batch_id, reason
    )
    overriding system value
    values (
        p_statement_id,
        p_relation,
        p_operation,
        coalesce(nullif(current_setting('loanbook.actor', true), ''), session_user),
        session_user,
        nullif(current_setting('loanbook.batch', true), '')::bigint,
        nullif(current_setting('loanbook.reason', true), '')
    );
    return p_statement_id;
end;
$$;

create function audit.record_insert()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from new_rows) then
        execute format(
            'insert into audit.%I (key, statement_id, operation) select %I, $1, ''I'' from new_rows',
            tg_table_name, tg_argv[0]
        )
        using audit.open_statement(tg_table_name, 'I');
    end if;
    return null;
end;
$$;

create function audit.record_update()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_personal text[] := string_to_array(coalesce(tg_argv[1], ''), ',');
    v_statement bigint := nextval('audit.statements_statement_id_seq');
    v_changed bigint;
begin
    -- Rows that did not change write nothing; a key cannot change (see the guards).
    execute format(
        'insert into audit.%2$I (key, statement_id, operation, before)
        select o.%1$I, $1, ''U'', to_jsonb(o) - $2
        from old_rows as o inner join new_rows as n using (%1$I)
        where o is distinct from n', tg_argv[0], tg_table_name
    )
    using v_statement, v_personal;
    get diagnostics v_changed = row_count;
    if v_changed = 0 then
        return null;
    end if;
    perform audit.open_statement(tg_table_name, 'U', v_statement);
    if cardinality(v_personal) > 0 then
        execute format(
            'insert into audit.personal (key, statement_id, before)
            select o.%1$I, $1, (select jsonb_object_agg(c, to_jsonb(o) -> c) from unnest($2) as c)
            from old_rows as o inner join new_rows as n using (%1$I)
            where o is distinct from n', tg_argv[0]
        )
        using v_statement, v_personal;
    end if;
    return null;
end;
$$;

create function audit.record_delete()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_personal text[] := string_to_array(coalesce(tg_argv[1], ''), ',');
    v_statement bigint;
begin
    if not exists (select from old_rows) then
        return null;
    end if;
    v_statement := audit.open_statement(tg_table_name, 'D');
    execute format(
        'insert into audit.%2$I (key, statement_id, operation, before)
        select o.%1$I, $1, ''D'', to_jsonb(o) - $2 from old_rows as o', tg_argv[0], tg_table_name
    )
    using v_statement, v_personal;
    if cardinality(v_personal) > 0 then
        execute format(
            'insert into audit.personal (key, statement_id, before)
            select o.%1$I, $1, (select jsonb_object_agg(c, to_jsonb(o) -> c) from unnest($2) as c)
            from old_rows as o', tg_argv[0]
        )
        using v_statement, v_personal;
    end if;
    return null;
end;
$$;

create trigger clients_audit_insert after insert on dm.clients
referencing new table as new_rows
for each statement execute function audit.record_insert('user_id');
create trigger clients_audit_update after update on dm.clients
referencing old table as old_rows new table as new_rows
for each statement execute function audit.record_update('user_id');
create trigger clients_audit_delete after delete on dm.clients
referencing old table as old_rows
for each statement execute function audit.record_delete('user_id');

create trigger contacts_audit_insert after insert on dm.contacts
referencing new table as new_rows
for each statement execute function audit.record_insert('user_id');
create trigger contacts_audit_update after update on dm.contacts
referencing old table as old_rows new table as new_rows
for each statement execute function audit.record_update('user_id', 'name,email,tax_id,phone');
create trigger contacts_audit_delete after delete on dm.contacts
referencing old table as old_rows
for each statement execute function audit.record_delete('user_id', 'name,email,tax_id,phone');

create trigger loans_audit_insert after insert on dm.loans
referencing new table as new_rows
for each statement execute function audit.record_insert('loan_id');
create trigger loans_audit_update after update on dm.loans
referencing old table as old_rows new table as new_rows
for each statement execute function audit.record_update('loan_id');
create trigger loans_audit_delete after delete on dm.loans
referencing old table as old_rows
for each statement execute function audit.record_delete('loan_id');

-- Payments are append-only and their own history: who recorded them is told once for a statement,
-- and each names its transaction.
create function audit.record_payments()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from new_rows) then
        perform audit.open_statement(tg_table_name, 'I');
    end if;
    return null;
end;
$$;

create trigger payments_audit_insert after insert on dm.payments
referencing new table as new_rows
for each statement execute function audit.record_payments();
