-- What the metrics tell, from the book and the journal: true whichever worker did the day.
-- name: lines
select
    b.kind,
    sum(b.lines)::bigint as staged,
    coalesce(sum(t.inserted), 0)::bigint as inserted,
    coalesce(sum(t.updated), 0)::bigint as updated,
    coalesce(sum(t.unchanged), 0)::bigint as unchanged,
    coalesce(sum(t.collapsed), 0)::bigint as collapsed,
    coalesce(sum(t.quarantined), 0)::bigint as quarantined,
    coalesce(sum(b.deleted), 0)::bigint as deleted
from api.batches as b
left join api.batch_totals as t on b.batch_id = t.batch_id and t.measure = 'lines'
where b.lines is not null
group by b.kind
order by b.kind;

-- name: steps
select
    s.step,
    s.state,
    count(*) as times,
    coalesce(sum(s.seconds), 0) as seconds
from api.run_steps as s
group by s.step, s.state
order by s.step, s.state;

-- name: latest_steps
select distinct on (s.step)
    s.step,
    s.seconds
from api.run_steps as s
where s.state in ('done', 'flawed', 'failed')
order by s.step asc, s.ended_at desc;

-- name: days
select
    r.state,
    count(*) as days,
    sum(r.attempt)::bigint as attempts,
    max(r.ended_at) as last_ended
from api.runs as r
group by r.state;

-- name: book_stands
select
    k.business_date,
    (
        select count(*) from api.quarantine as q
        where q.state = 'open'
    ) as quarantine_open,
    (
        select count(*) from api.findings as f
        where f.state = 'open'
    ) as findings_open
from api.book as k;
