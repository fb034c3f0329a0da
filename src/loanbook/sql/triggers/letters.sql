-- Letters: which state follows which, and that each change is kept, whoever makes it.

create function ops.refuse_other_state()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not (new.state = any(case old.state
        when 'planned' then array['claimed', 'suppressed', 'cancelled']
        -- Planned again: its sender did not try it.
        when 'claimed' then array['sent', 'failed', 'unknown', 'suppressed', 'cancelled', 'planned']
        when 'failed' then array['planned', 'claimed', 'suppressed', 'cancelled']
        -- Its own sender may still know what became of it; else a person decides.
        when 'unknown' then array['planned', 'sent', 'failed', 'suppressed', 'cancelled']
        when 'suppressed' then array['planned', 'cancelled']
        else '{}'
    end)) then
        raise exception 'letter % is %; it cannot become %', old.letter_id, old.state, new.state
            using errcode = 'LB001', constraint = 'letters_state_follows';
    end if;
    return new;
end;
$$;

-- What becomes of a letter becomes of the steps it tells; and the change is kept.
create function ops.follow_letters()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.letter_loans as e
    set state = s.state
    from (
        select
            n.letter_id,
            case n.state
                when 'sent' then 'told'
                when 'suppressed' then 'cancelled'
                when 'cancelled' then 'cancelled'
                else 'planned'
            end as state
        from new_rows as n
        inner join old_rows as o on o.letter_id = n.letter_id
        where o.state <> n.state and not (o.state in ('planned', 'failed') and n.state = 'claimed')
    ) as s
    where e.letter_id = s.letter_id and e.state <> s.state
        -- A loan that had no cause any more when its letter was claimed is not told by it.
        and (e.state = 'planned' or s.state = 'planned');
    insert into ops.letter_events (letter_id, state_before, state, actor, reason)
    select
        n.letter_id, o.state, n.state,
        coalesce(nullif(current_setting('loanbook.actor', true), ''), session_user), n.reason
    from new_rows as n
    inner join old_rows as o on o.letter_id = n.letter_id
    where o.state <> n.state or o.bounced_at is distinct from n.bounced_at
    order by n.letter_id;
    return null;
end;
$$;

create function ops.record_new_letters()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.letter_events (letter_id, state, actor, reason)
    select n.letter_id, n.state, n.actor, n.reason from new_rows as n order by n.letter_id;
    return null;
end;
$$;

create trigger letters_state_follows before update of state on ops.letters
for each row when (old.state is distinct from new.state)
execute function ops.refuse_other_state();
create trigger letters_events_insert after insert on ops.letters
referencing new table as new_rows
for each statement execute function ops.record_new_letters();
create trigger letters_events_update after update on ops.letters
referencing old table as old_rows new table as new_rows
for each statement execute function ops.follow_letters();
create trigger letters_no_truncate before truncate on ops.letters
for each statement execute function audit.refuse_truncate('letters_stay');
create trigger letters_stay before delete on ops.letters
for each statement execute function audit.refuse('letters_stay', 'letters stay');
create trigger letter_events_append_only before update or delete on ops.letter_events
for each statement execute function audit.refuse('letter_events_append_only', 'events are append-only');
create trigger letter_events_no_truncate before truncate on ops.letter_events
for each statement execute function audit.refuse_truncate('letter_events_append_only');
