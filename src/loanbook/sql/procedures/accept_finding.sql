-- A person has looked at a finding and says why it may stand.
create function api.accept_finding(p_finding_id bigint, p_reason text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('acceptance_has_reason', 'Accepting a finding needs a reason.');
    end if;
    update ops.findings as f
    set state = 'accepted', accepted_by = ops.actor(), reason = p_reason
    where f.finding_id = p_finding_id and f.state in ('open', 'accepted');
    if not found then
        perform ops.refuse('finding_is_open', format('There is no open finding %s.', p_finding_id), 'LB404');
    end if;
end;
$$;
