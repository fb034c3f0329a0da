-- A row's version tells how often it changed: nothing was altered past the procedures.
create view api.check_versions_match_history as
with updates as (
    select
        h.relation,
        h.key,
        max((h.before ->> 'version')::integer) as last_version
    from audit.changes as h
    where h.operation = 'U'
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
    format('version %s, history says %s', s.version, coalesce(u.last_version, 0) + 1) as detail
from standing as s
left join updates as u on s.relation = u.relation and s.key = u.key
where s.version <> coalesce(u.last_version, 0) + 1;
