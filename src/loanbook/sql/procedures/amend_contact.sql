-- Alters how a client is reached: what is null stays, what is blank goes. Needs a reason; where the
-- caller names the version it saw, a contact that has changed since is refused. An opt-out is set
-- and taken back here only by a person. An amendment that changes nothing writes nothing.
create function api.amend_contact(
    p_user_id bigint, p_reason text, p_name text default null, p_email text default null,
    p_tax_id text default null, p_phone text default null, p_locale text default null,
    p_opted_out boolean default null, p_version integer default null, p_duplicates text default 'warn',
    out version integer, out duplicates jsonb
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old dm.contacts;
    v_new dm.contacts;
    v_told stage.contacts;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('amendment_has_reason', 'An amendment needs a reason.');
    end if;
    perform ops.refuse_erased(p_user_id);
    v_old := ops.contact_to_amend(p_user_id, p_version);
    v_new := v_old;
    v_new.name := nullif(coalesce(p_name, v_old.name), '');
    v_new.email := nullif(coalesce(p_email, v_old.email), '');
    v_new.tax_id := nullif(coalesce(p_tax_id, v_old.tax_id), '');
    v_new.phone := nullif(coalesce(p_phone, v_old.phone), '');
    v_new.locale := nullif(coalesce(p_locale, v_old.locale), '');
    v_new.opted_out_at := case
        when p_opted_out then coalesce(v_old.opted_out_at, ops.wall_time())
        when not p_opted_out then null
        else v_old.opted_out_at
    end;
    -- Only what differs is judged: what a file said once need not be of the shape asked for here.
    v_told.user_id := p_user_id;
    v_told.name := nullif(v_new.name, v_old.name);
    v_told.email := nullif(v_new.email, v_old.email);
    v_told.tax_id := nullif(v_new.tax_id, v_old.tax_id);
    v_told.phone := nullif(v_new.phone, v_old.phone);
    v_told.locale := nullif(v_new.locale, v_old.locale);
    perform ops.refuse_faulty_contact(v_told);
    version := v_old.version;
    duplicates := ops.find_duplicates(v_told, p_duplicates);
    if v_new is not distinct from v_old then
        return;
    end if;
    perform ops.keep_contact_base(v_old);
    perform set_config('loanbook.reason', p_reason, true);
    update dm.contacts as k
    set name = v_new.name, email = v_new.email, tax_id = v_new.tax_id, phone = v_new.phone,
        locale = v_new.locale, opted_out_at = v_new.opted_out_at,
        version = k.version + 1, amended_at = clock_timestamp()
    where k.user_id = p_user_id
    returning k.version into amend_contact.version;
    perform set_config('loanbook.reason', '', true);
    if v_new.email is distinct from v_old.email then
        update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
        where f.rule = 'contacts_email_malformed' and f.subject = 'contact' and f.subject_id = p_user_id
            and f.state = 'open';
        perform ops.close_undeliverable();
    end if;
end;
$$;

-- The contact that a person is about to alter: locked, known, and of the version that was seen.
create function ops.contact_to_amend(p_user_id bigint, p_version integer)
returns dm.contacts
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_contact dm.contacts;
begin
    select * into v_contact from dm.contacts as k where k.user_id = p_user_id for no key update;
    if not found then
        if not exists (select from dm.clients as c where c.user_id = p_user_id) then
            perform ops.refuse('client_exists', format('There is no client %s.', p_user_id), 'LB404');
        end if;
        perform ops.refuse('contact_exists', format(
            'Nothing is known of how client %s is reached; register a contact.', p_user_id
        ), 'LB404');
    end if;
    perform ops.refuse_stale_version('contacts', p_user_id, v_contact.version, p_version);
    return v_contact;
end;
$$;

-- Before the first amendment: what the source delivered is remembered for the merge to come.
create function ops.keep_contact_base(p_contact dm.contacts)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into stage.contacts_base (user_id, name, email, tax_id, locale, phone, opted_out_at)
    select
        p_contact.user_id, p_contact.name, p_contact.email, p_contact.tax_id, p_contact.locale,
        p_contact.phone, p_contact.opted_out_at
    where p_contact.owner <> 'loanbook'
    on conflict (user_id) do nothing;
$$;
