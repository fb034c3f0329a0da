-- A person says what became of a letter of which nobody knows: it was sent, it is to be sent, or it
-- is not to be sent any more.
create function api.resolve_letter(
    p_letter_id bigint, p_state text, p_reason text, p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_letter ops.letters;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('resolution_has_reason', 'Resolving a letter needs a reason.');
    elsif p_state is null or p_state not in ('sent', 'planned', 'cancelled') then
        perform ops.refuse('resolution_known', 'A letter is resolved as sent, planned or cancelled.');
    end if;
    v_letter := ops.letter_to_alter(p_letter_id);
    if v_letter.state <> 'unknown' then
        perform ops.refuse('resolution_of_unknown', format(
            'Letter %s is %s; only one of which nobody knows can be resolved.', p_letter_id, v_letter.state
        ));
    end if;
    update ops.letters as t
    set state = p_state, reason = ops.without_addresses(p_reason),
        due_from = case p_state when 'planned' then p_now else t.due_from end,
        ended_at = case when p_state <> 'planned' then clock_timestamp() end
    where t.letter_id = p_letter_id;
    if p_state = 'cancelled' then
        -- Its steps are not to be told by another letter either.
        insert into ops.letter_loans (loan_id, due_on, step, channel, state, noted_on)
        select e.loan_id, e.due_on, e.step, e.channel, 'missed', e.noted_on
        from ops.letter_loans as e where e.letter_id = p_letter_id and e.step is not null;
    end if;
end;
$$;

-- A letter that was given up, waits, or was suppressed is to be tried now; it is judged anew
-- when it is claimed. One whose day has passed is cancelled, so that its step is planned anew.
-- Answers with its state.
create function api.retry_letter(
    p_letter_id bigint, p_reason text, p_now timestamptz default clock_timestamp()
)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_letter ops.letters;
    v_state text := 'planned';
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('retry_has_reason', 'Trying a letter again needs a reason.');
    end if;
    v_letter := ops.letter_to_alter(p_letter_id);
    if v_letter.state not in ('failed', 'suppressed') then
        perform ops.refuse('retry_of_failed', format(
            'Letter %s is %s; only one that failed or was suppressed can be tried again.',
            p_letter_id, v_letter.state
        ));
    elsif v_letter.state = 'suppressed' and exists (
        select from ops.letter_loans as e
        inner join ops.letter_loans as o on o.loan_id = e.loan_id and o.due_on = e.due_on
            and o.step = e.step and o.channel = e.channel and o.kind = e.kind and o.state <> 'cancelled'
        where e.letter_id = p_letter_id and o.telling_id <> e.telling_id
    ) then
        perform ops.refuse('letter_loans_step_once', format(
            'What letter %s was to tell is told, or was missed, since.', p_letter_id
        ));
    elsif v_letter.user_id is not null and v_letter.local_date <> ops.local_date(p_now) then
        v_state := 'cancelled';
    end if;
    update ops.letters as t
    set state = v_state, reason = ops.without_addresses(p_reason), attempts = 0,
        due_from = case v_state when 'planned' then p_now else t.due_from end,
        ended_at = case when v_state <> 'planned' then clock_timestamp() end
    where t.letter_id = p_letter_id;
    return v_state;
end;
$$;

create function ops.letter_to_alter(p_letter_id bigint)
returns ops.letters
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_letter ops.letters;
begin
    select * into v_letter from ops.letters as t where t.letter_id = p_letter_id for update;
    if not found then
        perform ops.refuse('letter_exists', format('There is no letter %s.', p_letter_id), 'LB404');
    end if;
    return v_letter;
end;
$$;
