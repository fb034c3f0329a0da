-- All that is held about one person, for the person (LGPD art. 18): as it stands, as the source
-- delivered it, with loans, payments, findings, letters, disputes, refused lines and the history of
-- each change. Null where nothing is held.
create function api.export_client(p_user_id bigint)
returns jsonb
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'client', (select to_jsonb(c) from api.clients as c where c.user_id = p_user_id),
        'contact', (select to_jsonb(k) from api.contacts as k where k.user_id = p_user_id),
        'delivered', jsonb_build_object(
            'client', (select to_jsonb(b) from stage.clients_base as b where b.user_id = p_user_id),
            'contact', (select to_jsonb(b) from stage.contacts_base as b where b.user_id = p_user_id)
        ),
        'loans', (
            select coalesce(jsonb_agg(to_jsonb(l) order by l.loan_id), '[]')
            from api.loans as l where l.user_id = p_user_id
        ),
        'payments', (
            select coalesce(jsonb_agg(to_jsonb(p) order by p.payment_id), '[]')
            from dm.loans as l inner join api.payments as p on p.loan_id = l.loan_id
            where l.user_id = p_user_id
        ),
        'findings', (
            select coalesce(jsonb_agg(to_jsonb(f) order by f.finding_id), '[]')
            from api.findings as f
            where f.subject in ('client', 'contact') and f.subject_id = p_user_id
                or f.subject = 'loan' and f.subject_id in (
                    select l.loan_id from dm.loans as l where l.user_id = p_user_id
                )
        ),
        'letters', (
            select coalesce(jsonb_agg(to_jsonb(t) order by t.letter_id), '[]')
            from api.letters as t where t.user_id = p_user_id
        ),
        'disputes', (
            select coalesce(jsonb_agg(to_jsonb(d) order by d.dispute_id), '[]')
            from dm.loans as l inner join api.disputes as d on d.loan_id = l.loan_id
            where l.user_id = p_user_id
        ),
        'refused_lines', (
            select coalesce(jsonb_agg(to_jsonb(q) order by q.quarantine_id), '[]')
            from api.quarantine as q where q.kind <> 'loans' and q.key = p_user_id
        ),
        'history', (
            select coalesce(jsonb_agg(h.told order by h.statement_id), '[]')
            from (
                select t.statement_id, to_jsonb(t) || jsonb_build_object('of', r.relation) as told
                from unnest(array['clients', 'contacts']) as r (relation)
                cross join lateral api.history(r.relation, p_user_id) as t
                union all
                select t.statement_id, to_jsonb(t) || jsonb_build_object('of', 'loan ' || l.loan_id)
                from dm.loans as l
                cross join lateral api.history('loans', l.loan_id) as t
                where l.user_id = p_user_id
            ) as h
        ),
        'anonymised_at', (select e.erased_at from ops.erasures as e where e.user_id = p_user_id)
    )
    where exists (select from audit.clients as h where h.key = p_user_id);
$$;
