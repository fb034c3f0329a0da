-- What a person may say of a contact is judged more strictly than what a file says: its values are
-- of one shape. Files are taken as they are, with findings.
create function ops.told_contact_faults(s stage.contacts)
returns text[]
language sql immutable
as $$
    select array_remove(array[
        case when length(s.name) > 200 then 'contacts_name_short'
            when s.name !~ '[^[:space:]]'
                or s.name ~ '[[:cntrl:]\u0080-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]'
                then 'contacts_name_printable' end,
        case when length(s.email) > 254 or s.email
            !~ '^[^@[:space:][:cntrl:]<>,;:"\\]+@([^@.[:space:][:cntrl:]<>,;:"\\]+\.)+[^@.[:space:][:cntrl:]<>,;:"\\]+$'
            then 'contacts_email_shape' end,
        case when s.tax_id !~ '^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$' then 'contacts_tax_id_shape' end,
        case when s.phone !~ '^\+[1-9][0-9]{6,14}$' then 'contacts_phone_shape' end,
        case when s.locale not in ('pt-BR', 'en') then 'contacts_locale_known' end
    ], null);
$$;

create function ops.refuse_faulty_contact(p_contact stage.contacts)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_faults text [] := ops.told_contact_faults(p_contact);
begin
    if cardinality(v_faults) > 0 then
        perform ops.refuse(v_faults[1], (
            select string_agg(r.sentence, ' ' order by array_position(v_faults, r.rule))
            from ops.rules as r where r.rule = any(v_faults)
        ));
    end if;
end;
$$;

-- Who was anonymised is never filled again, neither by a file nor by a person.
create function ops.refuse_erased(p_user_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_erased ops.erasures;
begin
    select * into v_erased from ops.erasures as e where e.user_id = p_user_id;
    if found then
        perform ops.refuse('contact_not_erased', format(
            'Client %s was anonymised on %s; register the person as a new client.',
            p_user_id, (v_erased.erased_at at time zone (select k.zone from ops.book as k))::date
        ));
    end if;
end;
$$;

-- Other clients that can be reached the same way, or bear the same tax id: field and number, never
-- what they share. Two people who say the same thing at once wait for each other here, so that
-- the second sees the first. With 'refuse' any such client is a refusal.
create function ops.find_duplicates(p_told stage.contacts, p_duplicates text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key bigint;
    v_found jsonb;
begin
    if p_duplicates is null or p_duplicates not in ('warn', 'refuse') then
        perform ops.refuse('duplicates_warn_or_refuse', 'Duplicates are either to warn or to refuse.');
    end if;
    for v_key in
        select k.key from (
            values (ops.email_key(p_told.email)), (ops.tax_id_key(p_told.tax_id)),
            (ops.phone_key(p_told.phone))
        ) as k (key)
        where k.key is not null order by k.key
    loop
        perform pg_advisory_xact_lock(v_key);
    end loop;
    with others as (
        (
            select 'email' as field, k.user_id from dm.contacts as k
            where ops.email_key(k.email) = ops.email_key(p_told.email)
                and lower(k.email) = lower(p_told.email) and k.user_id <> p_told.user_id
            order by k.user_id limit 5
        )
        union all
        (
            select 'tax_id', k.user_id from dm.contacts as k
            where ops.tax_id_key(k.tax_id) = ops.tax_id_key(p_told.tax_id) and k.user_id <> p_told.user_id
            order by k.user_id limit 5
        )
        union all
        (
            select 'phone', k.user_id from dm.contacts as k
            where ops.phone_key(k.phone) = ops.phone_key(p_told.phone)
                and ops.phone_digits(k.phone) = any(ops.phone_spellings(p_told.phone))
                and k.user_id <> p_told.user_id
            order by k.user_id limit 5
        )
    )
    select coalesce(jsonb_agg(jsonb_build_object('field', o.field, 'user_id', o.user_id)), '[]')
    into v_found from others as o;
    if p_duplicates = 'refuse' and v_found <> '[]' then
        perform ops.refuse('contact_known_once', (
            select string_agg(
                format(
                    'Client %s has the same %s.', d ->> 'user_id',
                    case d ->> 'field' when 'email' then 'e-mail' when 'tax_id' then 'tax id' else 'telephone' end
                ), ' '
            ) from jsonb_array_elements(v_found) as e (d)
        ));
    end if;
    return v_found;
end;
$$;
