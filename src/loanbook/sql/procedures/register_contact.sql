-- How a client is reached, said by a person for the first time. The contact is the source's if the
-- client is: what its file says later is merged with what was said here.
create function api.register_contact(
    p_user_id bigint, p_name text default null, p_email text default null, p_tax_id text default null,
    p_phone text default null, p_locale text default null, p_reason text default null,
    p_duplicates text default 'warn',
    out version integer, out duplicates jsonb
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner text;
    v_told stage.contacts;
begin
    perform ops.actor();
    select c.owner into v_owner from dm.clients as c where c.user_id = p_user_id for key share;
    if not found then
        perform ops.refuse('client_exists', format('There is no client %s.', p_user_id), 'LB404');
    end if;
    perform ops.refuse_erased(p_user_id);
    v_told.user_id := p_user_id;
    v_told.name := nullif(p_name, '');
    v_told.email := nullif(p_email, '');
    v_told.tax_id := nullif(p_tax_id, '');
    v_told.phone := nullif(p_phone, '');
    v_told.locale := nullif(p_locale, '');
    if coalesce(v_told.name, v_told.email, v_told.tax_id, v_told.phone) is null then
        perform ops.refuse('contact_says_something', 'A contact needs a name, e-mail, tax id or telephone.');
    end if;
    perform ops.refuse_faulty_contact(v_told);
    perform set_config('loanbook.reason', coalesce(p_reason, ''), true);
    insert into dm.contacts as k (user_id, name, email, tax_id, locale, phone, owner, amended_at)
    values (
        p_user_id, v_told.name, v_told.email, v_told.tax_id, v_told.locale, v_told.phone, v_owner,
        case when v_owner <> 'loanbook' then clock_timestamp() end
    )
    on conflict (user_id) do nothing
    returning k.version into register_contact.version;
    perform set_config('loanbook.reason', '', true);
    if register_contact.version is null then
        perform ops.refuse('contact_is_new', format('Client %s has a contact already; amend it.', p_user_id));
    end if;
    -- The source has said nothing yet.
    insert into stage.contacts_base (user_id) select p_user_id where v_owner <> 'loanbook'
    on conflict (user_id) do nothing;
    duplicates := ops.find_duplicates(v_told, p_duplicates);
end;
$$;
