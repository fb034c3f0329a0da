-- All rules that a staged contact breaks by itself; empty if it may enter the mart.
create function ops.contact_faults(s stage.contacts)
returns text[]
language sql immutable
as $$
    select array_remove(array[
        case when s.user_id is null then 'contacts_user_id_missing'
            when s.user_id not between 1 and 999999999 then 'contacts_user_id_range' end,
        case when length(s.name) > 200 then 'contacts_name_short' end,
        case when length(s.email) > 320 then 'contacts_email_short' end,
        case when length(s.tax_id) > 40 then 'contacts_tax_id_short' end,
        case when length(s.locale) > 40 then 'contacts_locale_short' end,
        case when length(s.phone) > 40 then 'contacts_phone_short' end,
        case when s.opted_out_at < '1900-01-01' or s.opted_out_at >= '2200-01-01'
            then 'contacts_opted_out_at_range' end
    ], null);
$$;

-- Contacts, stage to mart, merged as clients are. A column that the file lacks is left alone, an
-- opt-out is never undone by a file, and who was anonymised is passed over. One batch, in the
-- caller's transaction.
create function api.load_contacts(p_batch_id bigint, p_allow_deletions boolean default false)
returns ops.batches
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_batch ops.batches := ops.begin_load(p_batch_id, 'contacts');
    v_into_empty boolean := not exists (select from dm.contacts);
    v_erased bigint := ops.set_aside_erased(v_batch);
    v_repeats bigint [] := ops.repeated_keys(v_batch);
    v_refusal text;
    v_inserted bigint;
begin
    perform ops.find_fresh_lines(v_batch, v_repeats, v_into_empty);
    perform ops.count_lines('unchanged', v_erased); -- who was anonymised stays so
    update stage.contacts as s
    set set_aside = 'quarantined', faults = ops.merged_faults(s.faults, ops.contact_faults(s))
    where s.batch_id = p_batch_id and (
        s.set_aside = 'quarantined'
        or s.set_aside is null
        and (v_into_empty or s.line_no in (select f.line_no from pg_temp.fresh_lines as f))
        and ops.contact_faults(s) <> '{}'
    );
    perform ops.set_aside_unknown_clients(v_batch, v_into_empty);
    perform ops.set_aside_repeats(v_batch, v_repeats);
    update stage.contacts as s
    set set_aside = 'quarantined', faults = s.faults || 'contacts_other_owner'::text
    from dm.contacts as k
    where s.batch_id = p_batch_id and k.user_id = s.user_id and k.owner <> v_batch.source
        and (
            s.set_aside = 'quarantined'
            or s.set_aside is null and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
        );

    v_refusal := ops.refusal_of(v_batch);
    if v_refusal is not null then
        return ops.refuse_batch(v_batch, v_refusal);
    end if;
    if v_into_empty then
        perform ops.relax_table('dm.contacts');
        perform ops.relax_table('audit.contacts');
    else
        perform ops.update_contacts(v_batch);
    end if;
    insert into dm.contacts (user_id, name, email, tax_id, locale, phone, opted_out_at, owner)
    select s.user_id, s.name, s.email, s.tax_id, s.locale, s.phone, s.opted_out_at, v_batch.source
    from stage.contacts as s
    left join dm.contacts as k on k.user_id = s.user_id and not v_into_empty
    where s.batch_id = p_batch_id and s.set_aside is null and k.user_id is null
        and (v_into_empty or s.line_no in (select f.line_no from pg_temp.fresh_lines as f));
    get diagnostics v_inserted = row_count;
    perform ops.count_lines('inserted', v_inserted);
    if v_into_empty then
        perform ops.analyze('dm.contacts');
        perform ops.restore_tables();
    end if;

    perform ops.note_contact_findings(v_batch, v_into_empty);
    perform ops.total_batch(v_batch);
    return ops.finish_load(v_batch);
end;
$$;

create function ops.update_contacts(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_matched bigint;
    v_updated bigint;
    v_has_tax_id boolean := 'tax_id' = any(p_batch.columns);
    v_has_locale boolean := 'locale' = any(p_batch.columns);
    v_has_phone boolean := 'phone' = any(p_batch.columns);
    v_has_opt_out boolean := 'opted_out_at' = any(p_batch.columns);
begin
    perform k.user_id
    from dm.contacts as k
    where k.user_id = any(array(
        select s.user_id from stage.contacts as s
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
        union all
        select b.user_id from stage.contacts_base as b
    ))
    order by k.user_id
    for no key update of k;

    perform ops.note_overruled_contacts(p_batch);

    with merged as (
        select
            k.user_id,
            case when b.user_id is null or s.name is distinct from b.name
                then s.name else k.name end as name,
            case when b.user_id is null or s.email is distinct from b.email
                then s.email else k.email end as email,
            case when v_has_tax_id and (b.user_id is null or s.tax_id is distinct from b.tax_id)
                then s.tax_id else k.tax_id end as tax_id,
            case when v_has_locale and (b.user_id is null or s.locale is distinct from b.locale)
                then s.locale else k.locale end as locale,
            case when v_has_phone and (b.user_id is null or s.phone is distinct from b.phone)
                then s.phone else k.phone end as phone,
            case when not v_has_opt_out
                or b.user_id is not null and s.opted_out_at is not distinct from b.opted_out_at
                then k.opted_out_at else coalesce(k.opted_out_at, s.opted_out_at) end as opted_out_at
        from stage.contacts as s
        inner join dm.contacts as k on k.user_id = s.user_id
        left join stage.contacts_base as b on b.user_id = s.user_id
        where s.batch_id = p_batch.batch_id and s.set_aside is null
            and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
    ), updated as (
        update dm.contacts as k
        set name = m.name, email = m.email, tax_id = m.tax_id, locale = m.locale, phone = m.phone,
            opted_out_at = m.opted_out_at, version = k.version + 1
        from merged as m
        where k.user_id = m.user_id and k.user_id = any(array(select a.user_id from merged as a))
            and (k.name, k.email, k.tax_id, k.locale, k.phone, k.opted_out_at)
            is distinct from (m.name, m.email, m.tax_id, m.locale, m.phone, m.opted_out_at)
        returning k.user_id
    )
    select (select count(*) from merged), (select count(*) from updated) into v_matched, v_updated;
    perform ops.count_lines('updated', v_updated);
    perform ops.count_lines('unchanged', v_matched - v_updated); -- what officers made of them stands

    update stage.contacts_base as b
    set name = s.name, email = s.email,
        tax_id = case when v_has_tax_id then s.tax_id else b.tax_id end,
        locale = case when v_has_locale then s.locale else b.locale end,
        phone = case when v_has_phone then s.phone else b.phone end,
        opted_out_at = case when v_has_opt_out then s.opted_out_at else b.opted_out_at end
    from stage.contacts as s
    where s.batch_id = p_batch.batch_id and s.set_aside is null and s.user_id = b.user_id;
    delete from stage.contacts_base as b
    using dm.contacts as k
    where k.user_id = b.user_id and k.owner = p_batch.source
        and (k.name, k.email, k.tax_id, k.locale, k.phone)
        is not distinct from (b.name, b.email, b.tax_id, b.locale, b.phone)
        -- Where a person took an opt-out back, the file still has it.
        and (b.opted_out_at is null or k.opted_out_at is not null);
end;
$$;

create function ops.note_overruled_contacts(p_batch ops.batches)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    -- Which fields, not what stood in them: a finding holds no personal data.
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select
        'contacts_amendment_overruled', 'contact', k.user_id,
        format('%s changed here and by %s', string_agg(f.name, ', ' order by f.place), p_batch.source),
        p_batch.batch_id, p_batch.batch_id
    from stage.contacts_base as b
    inner join dm.contacts as k on k.user_id = b.user_id
    inner join stage.contacts as s on s.user_id = b.user_id
    cross join lateral (
        values
        (1, 'name', b.name, k.name, s.name),
        (2, 'email', b.email, k.email, s.email),
        (3, 'tax_id', b.tax_id, k.tax_id, s.tax_id),
        (4, 'locale', b.locale, k.locale, s.locale),
        (5, 'phone', b.phone, k.phone, s.phone)
    ) as f (place, name, base, here, file)
    where s.batch_id = p_batch.batch_id and s.set_aside is null
        and f.name = any(p_batch.columns)
        and f.file is distinct from f.base
        and f.here is distinct from f.base
        and f.here is distinct from f.file
    group by k.user_id
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_batch = excluded.last_batch, last_seen = clock_timestamp();
$$;

create function ops.note_contact_findings(p_batch ops.batches, p_all boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.findings (rule, subject, subject_id, detail, first_batch, last_batch)
    select
        'contacts_email_malformed', 'contact', k.user_id, 'no letter can reach this client',
        p_batch.batch_id, p_batch.batch_id
    from (
        select a.user_id, a.email from dm.contacts as a where p_all
        union all
        select a.user_id, a.email from dm.contacts as a
        where not p_all and a.user_id = any(array(
            select s.user_id from stage.contacts as s
            where s.batch_id = p_batch.batch_id and s.set_aside is null
                and s.line_no in (select f.line_no from pg_temp.fresh_lines as f)
            union all
            select g.subject_id from ops.findings as g
            where g.rule = 'contacts_email_malformed' and g.state = 'open'
        ))
    ) as k
    where k.email !~ '^[^@[:space:][:cntrl:]]+@([^@.[:space:][:cntrl:]]+\.)+[^@.[:space:][:cntrl:]]+$'
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set last_batch = excluded.last_batch, last_seen = clock_timestamp();
    perform ops.close_findings(p_batch, 'contact', array['contacts_email_malformed'], true);
    perform ops.close_undeliverable();
end;
$$;
