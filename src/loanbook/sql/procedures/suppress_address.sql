-- No letter goes to this address until it is lifted. Each contact that has it gets a finding: the
-- task to mend it. Says whether the address was not suppressed before.
create function api.suppress_address(p_address text, p_reason text)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id bigint;
    v_is_new boolean;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('suppression_has_reason', 'Suppressing an address needs a reason.');
    elsif not ops.is_address(btrim(p_address)) then
        perform ops.refuse('suppression_of_an_address', 'What is suppressed must be an e-mail address.');
    end if;
    v_is_new := ops.suppress_digest(ops.address_digest(p_address), ops.without_addresses(p_reason), null);
    for v_user_id in
        select k.user_id from dm.contacts as k
        where ops.email_key(k.email) = ops.email_key(btrim(p_address))
            and lower(k.email) = lower(btrim(p_address))
        order by k.user_id
    loop
        perform ops.note_undeliverable(v_user_id, ops.without_addresses(p_reason));
    end loop;
    return v_is_new;
end;
$$;

create function ops.suppress_digest(p_digest text, p_reason text, p_user_id bigint)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_new boolean;
begin
    if p_digest is null then -- the person was anonymised meanwhile
        return false;
    end if;
    insert into ops.suppressions (address_digest, reason, actor)
    values (p_digest, p_reason, ops.actor())
    on conflict (address_digest) where lifted_at is null do nothing;
    v_is_new := found;
    if exists (
        select from dm.contacts as k
        where k.user_id = p_user_id and ops.address_digest(k.email) = p_digest
    ) then
        perform ops.note_undeliverable(p_user_id, p_reason);
    end if;
    return v_is_new;
end;
$$;

create function ops.note_undeliverable(p_user_id bigint, p_reason text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into ops.findings (rule, subject, subject_id, detail)
    values ('contacts_undeliverable', 'contact', p_user_id, p_reason)
    on conflict (rule, subject, subject_id) where state in ('open', 'accepted')
    do update set detail = excluded.detail, last_seen = clock_timestamp();
$$;

-- Letters may go to this address again. Says whether it was suppressed.
create function api.lift_suppression(p_address text)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lifted boolean;
begin
    update ops.suppressions as s
    set lifted_at = clock_timestamp(), lifted_by = ops.actor()
    where s.address_digest = ops.address_digest(p_address) and s.lifted_at is null;
    v_lifted := found;
    perform ops.close_undeliverable();
    return v_lifted;
end;
$$;

-- The task is done for each contact whose address is none that is suppressed.
create function ops.close_undeliverable()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update ops.findings as f set state = 'closed', closed_at = clock_timestamp()
    where f.rule = 'contacts_undeliverable' and f.state in ('open', 'accepted')
        and not exists (
            select from dm.contacts as k
            inner join ops.suppressions as s
                on s.address_digest = ops.address_digest(k.email) and s.lifted_at is null
            where k.user_id = f.subject_id
        );
$$;

-- Word came that a letter, named by its Message-ID or its number, could not be delivered: its
-- address is suppressed. Answers with the letter's number, null if there is no such letter.
create function api.note_bounce(
    p_reason text, p_message_id text default null, p_letter_id bigint default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text := coalesce(ops.without_addresses(p_reason), 'it could not be delivered');
    v_letter ops.letters;
begin
    perform ops.actor();
    select * into v_letter from ops.letters as t
    where t.letter_id = p_letter_id or p_letter_id is null and t.message_id = p_message_id
    order by t.letter_id limit 1
    for update;
    if not found or v_letter.state not in ('sent', 'unknown') or v_letter.bounced_at is not null then
        return v_letter.letter_id;
    end if;
    -- What came back had been sent.
    update ops.letters as t
    set state = 'sent', reason = v_reason, bounced_at = clock_timestamp(),
        ended_at = coalesce(t.ended_at, clock_timestamp())
    where t.letter_id = v_letter.letter_id;
    perform ops.suppress_digest(v_letter.address_digest, v_reason, v_letter.user_id);
    return v_letter.letter_id;
end;
$$;
