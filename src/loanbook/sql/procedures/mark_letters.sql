-- What became of letters, told by the sender that claimed them, many at once. A letter that others
-- gave up meanwhile because they took the sender for dead may still be marked by it: it knows. What
-- failed is tried again after p_backoff seconds, each time twice as long, p_retries times at most
-- and on its own day only. What was not tried at all ("planned") waits as before. Says how many
-- letters it marked; others are not this sender's.
create function api.mark_letters(
    p_sender_id bigint, p_fates jsonb, p_now timestamptz, p_retries integer default 5,
    p_backoff integer default 300
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_marked bigint[];
    v_refused ops.letters;
begin
    perform ops.actor();
    if exists (
        select from jsonb_array_elements(p_fates) as f (fate)
        where f.fate ->> 'state' is null
            or f.fate ->> 'state' not in ('sent', 'failed', 'suppressed', 'unknown', 'planned')
    ) then
        perform ops.refuse(
            'fate_known', 'What became of a letter is sent, failed, suppressed, unknown or planned.'
        );
    end if;
    v_marked := array(
        select t.letter_id from ops.letters as t
        where t.letter_id = any(array(
            select f.letter_id from jsonb_to_recordset(p_fates) as f (letter_id bigint)
        ))
            and t.sender_id = p_sender_id and t.state in ('claimed', 'unknown')
        order by t.letter_id
        for update of t
    );
    with told as (
        select
            f.letter_id, f.state, f.message_id, ops.without_addresses(f.reason) as reason,
            p_now + make_interval(secs => p_backoff * power(2, least(t.attempts, 20) - 1)) as again,
            t.attempts > p_retries as is_given_up, t.user_id, t.local_date
        from jsonb_to_recordset(p_fates) as f (letter_id bigint, state text, message_id text, reason text)
        inner join ops.letters as t on t.letter_id = f.letter_id
        where t.letter_id = any(v_marked)
    ), judged as (
        select
            d.*,
            d.state = 'failed' and not d.is_given_up
            and d.user_id is not null and ops.local_date(d.again) <> d.local_date as is_too_late
        from told as d
    )
    update ops.letters as t
    set state = case when j.is_too_late then 'cancelled' else j.state end,
        attempts = t.attempts - (j.state = 'planned')::integer,
        message_id = coalesce(j.message_id, t.message_id),
        reason = coalesce(j.reason, case when j.state <> 'sent' then 'nothing was said' end),
        due_from = case when j.state <> 'failed' then t.due_from when not j.is_given_up then j.again end,
        ended_at = case
            when j.state in ('sent', 'suppressed') or j.is_too_late or j.state = 'failed' and j.is_given_up
                then clock_timestamp()
        end
    from judged as j
    where t.letter_id = any(v_marked) and t.letter_id = j.letter_id;
    for v_refused in
        select t.* from ops.letters as t
        where t.letter_id = any(v_marked) and t.state = 'suppressed' order by t.letter_id
    loop
        perform ops.suppress_digest(v_refused.address_digest, v_refused.reason, v_refused.user_id);
    end loop;
    return cardinality(v_marked);
end;
$$;

-- A server's answer names addresses; what is kept does not.
create function ops.without_addresses(p_text text)
returns text
language sql immutable
as $$
    select nullif(left(btrim(regexp_replace(
        regexp_replace(p_text, '[^[:space:]<>"(),:;]+@[^[:space:]<>"(),:;]+', '(address)', 'g'),
        '[[:space:][:cntrl:]]+', ' ', 'g'
    )), 500), '');
$$;
