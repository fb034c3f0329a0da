-- Anonymises a client (LGPD art. 18): name, e-mail, tax id and telephone go from the mart, its
-- history, the stage, the merge base and the quarantine. Loans, payments and every sum stay. That
-- it was done is a change like any other, by whom and why, and no file fills it again. Returns what
-- was known of the person, so that the caller can take it out of files before the transaction
-- ends. May be repeated, for an end that was missed.
create function api.anonymise_client(
    p_user_id bigint, p_reason text, out erased_at timestamptz, out owed numeric, out known text[]
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('anonymisation_has_reason', 'Anonymising a client needs a reason.');
    end if;
    -- No file is on its way through stage and mart meanwhile.
    perform pg_advisory_xact_lock(ops.lock_key('stage'));
    perform pg_advisory_xact_lock(ops.lock_key('load'));
    if not exists (select from audit.clients as h where h.key = p_user_id) then
        perform ops.refuse('client_exists', format('There is no client %s.', p_user_id), 'LB404');
    end if;
    known := ops.known_of(p_user_id);
    perform ops.erase_letters(p_user_id);
    insert into ops.erasures as e (user_id, actor, reason) values (p_user_id, ops.actor(), p_reason)
    on conflict (user_id) do update set repeated_at = clock_timestamp()
    returning e.erased_at into anonymise_client.erased_at;
    perform set_config('loanbook.reason', p_reason, true);
    update dm.contacts as k
    set name = null, email = null, tax_id = null, phone = null,
        version = k.version + 1, amended_at = clock_timestamp()
    where k.user_id = p_user_id and (k.name, k.email, k.tax_id, k.phone) is distinct from
        (null::text, null::text, null::text, null::text);
    perform set_config('loanbook.reason', '', true);
    update audit.personal as p set before = null where p.key = p_user_id and p.before is not null;
    update stage.contacts as s set name = null, email = null, tax_id = null, phone = null
    where s.user_id = p_user_id
        or s.user_id is null and array[s.name, s.email, s.tax_id, s.phone] && known;
    delete from stage.contacts_base as b where b.user_id = p_user_id;
    perform ops.erase_quarantine(p_user_id, known);
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.rule in ('contacts_email_malformed', 'contacts_undeliverable') and f.subject = 'contact'
        and f.subject_id = p_user_id and f.state in ('open', 'accepted');
    select coalesce(sum(l.due_amount - l.amount_paid), 0) into owed
    from dm.loans as l where l.user_id = p_user_id and l.status in ('ongoing', 'default');
end;
$$;

-- All that book and history know of a person and that tells it from others, as a single first name
-- does not.
create function ops.known_of(p_user_id bigint)
returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct v.value) filter (where v.value ~ '...[ @0-9]|[@0-9]...'), '{}')
    from (
        select to_jsonb(k) as image from dm.contacts as k where k.user_id = p_user_id
        union all
        select to_jsonb(b) from stage.contacts_base as b where b.user_id = p_user_id
        union all
        select p.before from audit.personal as p where p.key = p_user_id
        union all
        select to_jsonb(s) from stage.contacts as s where s.user_id = p_user_id
    ) as i
    cross join lateral (
        values (i.image ->> 'name'), (i.image ->> 'email'), (i.image ->> 'tax_id'), (i.image ->> 'phone')
    ) as v (value);
$$;

-- Letters know a person by the digest of the address, and so does its suppression, unless another
-- contact has the address too.
create function ops.erase_letters(p_user_id bigint)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    delete from ops.suppressions as s
    where s.address_digest in (
        select t.address_digest from ops.letters as t where t.user_id = p_user_id
        union
        select ops.address_digest(k.email) from dm.contacts as k where k.user_id = p_user_id
        union
        select ops.address_digest(p.before ->> 'email') from audit.personal as p where p.key = p_user_id
    ) and not exists (
        select from dm.contacts as k
        where k.user_id <> p_user_id and ops.address_digest(k.email) = s.address_digest
    );
    update ops.letters as t set address_digest = null
    where t.user_id = p_user_id and t.address_digest is not null;
$$;

-- Refused lines keep their number and their reasons. A line without a key may hold the person too:
-- then what is known of it is found in the text.
create function ops.erase_quarantine(p_user_id bigint, p_known text[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update ops.quarantine as q
    set raw = coalesce(ops.rebuilt_line(jsonb_build_object('user_id', q.key), b.columns, b.delimiter), '')
    from ops.batches as b
    where b.batch_id = q.batch_id and b.kind = 'contacts' and (
        q.key = p_user_id
        or q.key is null and (
            exists (select from unnest(p_known) as k (value) where position(k.value in q.raw) > 0)
            or b.delimiter || q.raw || b.delimiter
            like '%' || b.delimiter || p_user_id || b.delimiter || '%'
        )
    );
$$;

-- A file of the archive has lost the lines of somebody who is being anonymised in this transaction:
-- what the book remembers is name and digest of what is left.
create function api.note_erased_file(p_archived_as text, p_left text, p_digest text)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_noted bigint;
begin
    if not exists (select from ops.erasures as e where e.xmin = pg_current_xact_id()::xid) then
        perform ops.refuse('somebody_is_being_erased', 'No client is anonymised in this transaction.');
    end if;
    update ops.batches as b set archived_as = p_left, digest = p_digest
    where b.archived_as = p_archived_as;
    get diagnostics v_noted = row_count;
    return v_noted;
end;
$$;

-- Whose lines a file may no longer bring.
create function api.erased_clients()
returns bigint[]
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(e.user_id order by e.user_id), '{}') from ops.erasures as e;
$$;

-- Lines about anonymised clients are blanked and set aside before anything looks at them, and
-- counted as unchanged. Returns how many there are.
create function ops.set_aside_erased(p_batch ops.batches)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lines bigint;
begin
    if not exists (select from ops.erasures) then
        return 0;
    end if;
    delete from ops.quarantine as q
    using ops.erasures as e where q.batch_id = p_batch.batch_id and q.key = e.user_id;
    update stage.contacts as s
    set set_aside = 'erased', faults = null, name = null, email = null, tax_id = null, phone = null
    from ops.erasures as e
    where s.batch_id = p_batch.batch_id and s.user_id = e.user_id;
    get diagnostics v_lines = row_count;
    return v_lines;
end;
$$;
