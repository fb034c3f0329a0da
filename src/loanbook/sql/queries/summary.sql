-- What the weekly summary tells of the operation itself, beside the questions' figures.
-- Lines of quarantine are those that were open when the week ended; the closing of a line is an
-- instant of the system, the day of its file a date. A line of a batch that was given up later is
-- told by the batch that took its place.
-- name: operation
with week as (
    select
        %(begins)s::date as begins,
        %(ends)s::date as ends
)

select
    (
        select count(*)
        from api.quarantine as q
        inner join api.batches as b on q.batch_id = b.batch_id
        where
            b.business_date < w.ends
            and (q.state = 'open' or q.closed_at >= (w.ends::timestamp at time zone k.zone))
            and not exists (
                select 1
                from api.quarantine as t
                inner join api.batches as a on t.batch_id = a.batch_id
                where
                    b.state = 'refused' and q.state = 'retried'
                    and t.batch_id = q.closed_by and t.line_no = q.line_no
                    and a.digest = b.digest and a.business_date < w.ends
            )
    ) as quarantined_lines,
    (
        select count(*)
        from api.runs as r
        where
            r.business_date >= w.begins and r.business_date < w.ends
            and (
                r.state in ('failed', 'died')
                or exists (
                    select 1 from api.run_steps as s
                    where s.run_id = r.run_id and s.state in ('failed', 'flawed', 'died')
                )
            )
    ) as failed_runs
from api.book as k
cross join week as w;

-- Letters to clients, by the day on which they went or should have gone.
-- name: letters
select
    count(*) filter (where t.state = 'sent') as letters_sent,
    count(*) filter (where t.bounced_at is not null) as letters_bounced,
    count(*) filter (where t.state = 'suppressed') as letters_suppressed
from api.letters as t
where
    t.user_id is not null
    and t.local_date >= %(begins)s and t.local_date < %(ends)s;
