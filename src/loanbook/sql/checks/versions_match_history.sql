-- A row's version tells how often it changed: nothing was altered past the procedures. Who was
-- deleted and came back begins anew.
create view api.check_versions_match_history as
with told as (
    select
        h.relation,
        h.key,
        -- Of the last of them, whose number is the highest.
        (max(array[
            h.statement_id,
            case h.operation when 'U' then (h.before ->> 'version')::bigint + 1 else 1 end
        ]))[2] as version
    from audit.changes as h
    where h.operation in ('U', 'D')
    group by h.relation, h.key
),

standing as (
    select
        'clients' as relation,
        c.user_id as key,
        c.version
    from dm.clients as c
    union all
    select
        'contacts',
        k.user_id,
        k.version
    from dm.contacts as k
    union all
    select
        'loans',
        l.loan_id,
        l.version
    from dm.loans as l
)

select
    rtrim(s.relation, 's') as subject,
    s.key as subject_id,
    format('version %s, history says %s', s.version, coalesce(t.version, 1)) as detail
from standing as s
left join told as t on s.relation = t.relation and s.key = t.key
where s.version <> coalesce(t.version, 1);
