-- What is remembered of sources.
-- name: clock
select clock_timestamp();

-- name: offers_left
select o.place
from api.offers_left(%(source)s, %(names)s, %(marks)s, %(settings)s) as o (place);

-- name: was_collected
select api.was_collected(%(source)s, %(digest)s);

-- name: not_taken
select
    n.name,
    n.problem
from api.not_taken(%(source)s) as n;

-- name: refuse_collected
select api.refuse_collected(%(source)s, %(ready_as)s, %(problem)s);

-- name: note_collected
select api.note_collected(
    %(source)s, %(name)s, %(mark)s, %(size)s, %(digest)s, %(business_date)s,
    %(state)s, %(problem)s, %(archived_as)s, %(settings)s, %(parts)s::jsonb
);

-- name: when_taken
select
    t.ready_as,
    t.taken_at
from api.when_taken(%(source)s, %(ready)s) as t;

-- name: stream_profile
select
    p.columns,
    p.filled,
    p.row_counts
from api.stream_profile(%(source)s, %(layout)s) as p;

-- name: has_delivered
select api.has_delivered(%(source)s, %(business_date)s);

-- name: note_source
select api.note_source(
    %(source)s, %(layout)s, %(rules)s::text[], %(found)s::text[], %(details)s::text[]
);

-- name: map_source_keys
select api.map_source_keys(%(source)s, %(kind)s, %(keys)s::text[], %(lowest)s, %(highest)s);

-- name: collected
select
    c.source,
    c.name,
    c.business_date,
    c.state,
    c.problem,
    c.digest,
    c.archived_as,
    c.collected_at
from api.collected as c
where c.source = %(source)s
order by c.collected_at desc, c.collected_id desc
limit %(most)s;

-- name: batch_accepted
select b.state = 'accepted' from api.batches as b
where b.batch_id = %(batch_id)s;

-- name: hide_source_keys
select api.hide_source_keys(%(user_id)s);

-- name: may_keep_originals
select api.may_keep_originals(%(source)s);

-- name: originals_due
select
    c.source,
    c.archived_as as name,
    max(c.business_date) as business_date
from api.collected as c
where c.archived_as is not null
group by c.source, c.archived_as
having max(c.business_date) < api.kept_from(%(days)s)
order by business_date, c.source, name;
