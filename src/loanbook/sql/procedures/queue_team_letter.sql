-- Plans a letter to one of the lender's own people. What it tells, and to whom, is told once: a
-- second time there is no letter, and the answer is null. It goes whatever the hour,
-- from the first of its day on.
create function api.queue_team_letter(
    p_kind text, p_once text, p_recipient text, p_local_date date, p_about jsonb default '{}'
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_letter bigint;
begin
    if p_kind is null or p_kind not in ('summary', 'notice') then
        perform ops.refuse('team_letters_known', format('%s is no kind of letter to the team.', p_kind));
    elsif not ops.is_address(p_recipient) then
        perform ops.refuse('recipient_is_an_address', 'The recipient of a letter must be an e-mail address.');
    end if;
    insert into ops.letters (kind, local_date, recipient, once, about, due_from, actor)
    select
        p_kind, p_local_date, p_recipient, p_once, coalesce(p_about, '{}'),
        p_local_date::timestamp at time zone k.zone, ops.actor()
    from ops.book as k
    on conflict on constraint letters_team_once do nothing
    returning letter_id into v_letter;
    return v_letter;
end;
$$;
