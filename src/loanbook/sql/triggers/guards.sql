-- What nobody may do, the owner of the tables included.

create function audit.refuse()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '% on %.% is refused: %', tg_op, tg_table_schema, tg_table_name, tg_argv[1]
        using errcode = 'LB001', constraint = tg_argv[0];
end;
$$;

-- A truncate would pass the audit by; of an empty table there is nothing to tell.
create function audit.refuse_truncate()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_holds_rows boolean;
begin
    execute format('select exists (select from %I.%I)', tg_table_schema, tg_table_name) into v_holds_rows;
    if v_holds_rows then
        raise exception 'truncate on %.% is refused: it would pass the audit by', tg_table_schema, tg_table_name
            using errcode = 'LB001', constraint = coalesce(tg_argv[0], 'no_truncate');
    end if;
    return null;
end;
$$;

create trigger clients_no_truncate before truncate on dm.clients
for each statement execute function audit.refuse_truncate();
create trigger contacts_no_truncate before truncate on dm.contacts
for each statement execute function audit.refuse_truncate();
create trigger loans_no_truncate before truncate on dm.loans
for each statement execute function audit.refuse_truncate();
create trigger payments_no_truncate before truncate on dm.payments
for each statement execute function audit.refuse_truncate();

create trigger clients_key_stays before update of user_id on dm.clients
for each row when (old.user_id is distinct from new.user_id)
execute function audit.refuse('clients_user_id_immutable', 'a user_id never changes');
create trigger contacts_key_stays before update of user_id on dm.contacts
for each row when (old.user_id is distinct from new.user_id)
execute function audit.refuse('contacts_user_id_immutable', 'a user_id never changes');
create trigger loans_key_stays before update of loan_id on dm.loans
for each row when (old.loan_id is distinct from new.loan_id)
execute function audit.refuse('loans_loan_id_immutable', 'a loan_id never changes');
create trigger loans_client_stays before update of user_id on dm.loans
for each row when (old.user_id is distinct from new.user_id)
execute function audit.refuse('loans_user_id_immutable', 'a loan never changes its client');

create trigger payments_append_only before update or delete on dm.payments
for each statement execute function audit.refuse('payments_append_only', 'payments are append-only');

create trigger statements_append_only before update or delete or truncate on audit.statements
for each statement execute function audit.refuse('audit_append_only', 'history is append-only');
create trigger clients_history_append_only before update or delete on audit.clients
for each statement execute function audit.refuse('audit_append_only', 'history is append-only');
create trigger clients_history_no_truncate before truncate on audit.clients
for each statement execute function audit.refuse_truncate('audit_append_only');
create trigger contacts_history_append_only before update or delete on audit.contacts
for each statement execute function audit.refuse('audit_append_only', 'history is append-only');
create trigger contacts_history_no_truncate before truncate on audit.contacts
for each statement execute function audit.refuse_truncate('audit_append_only');
create trigger loans_history_append_only before update or delete on audit.loans
for each statement execute function audit.refuse('audit_append_only', 'history is append-only');
create trigger loans_history_no_truncate before truncate on audit.loans
for each statement execute function audit.refuse_truncate('audit_append_only');
create trigger personal_append_only before delete or truncate on audit.personal
for each statement execute function audit.refuse('audit_append_only', 'history is append-only');

create trigger daily_books_append_only before update on ops.daily_books
for each statement execute function audit.refuse('daily_append_only', 'what was recorded of a day stays');
create trigger daily_figures_append_only before update on ops.daily_figures
for each statement execute function audit.refuse('daily_append_only', 'what was recorded of a day stays');
