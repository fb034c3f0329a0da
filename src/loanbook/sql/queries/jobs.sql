-- The queue of the workers; the library itself puts jobs in and takes them out.
-- name: has_queue
select to_regclass('jobs.procrastinate_jobs') is not null;

-- name: taken_files
select t.name
from jobs.taken as t;

-- name: take_file
insert into jobs.taken (name) values (%(name)s)
returning name;

-- Whether a day was ever asked for and is not forgotten: it waits, is being done, or was given up.
-- name: is_asked_for
select count(*) > 0
from jobs.procrastinate_jobs as j
where j.task_name = 'day' and j.args ->> 'day' = %(day)s and j.status <> 'succeeded';

-- Workers that gave a sign of life not longer ago than this.
-- name: workers
select
    count(*) filter (
        where w.last_heartbeat > clock_timestamp() - make_interval(secs => %(stalled_after)s)
    ) as alive,
    max(w.last_heartbeat) as last_seen
from jobs.procrastinate_workers as w;

-- name: jobs
select
    j.id as job_id,
    (j.args ->> 'day')::date as day,
    j.status::text as state,
    j.attempts,
    j.scheduled_at as not_before,
    coalesce(
        (j.args ->> 'day')::date <= (
            select max(r.business_date) from api.runs as r
            where r.state = 'done'
        ), false
    ) as is_settled
from jobs.procrastinate_jobs as j
where j.task_name = 'day'
order by j.id;
