-- name: open_batch
select
    o.batch_id,
    o.known_batch
from api.open_batch(
    %(source)s, %(kind)s, %(file_name)s, %(digest)s, %(business_date)s,
    %(is_full)s, %(columns)s, %(delimiter)s, %(archived_as)s, %(again)s, %(is_retry)s,
    %(compared_with)s, %(given_at)s
) as o;

-- name: seal_batch
select api.seal_batch(
    %(batch_id)s, %(lines)s, %(carried)s, %(amounts)s::numeric[], %(departed)s::bigint[]
);

-- name: quarantined
select
    b.delimiter,
    (
        select array_agg(q.line_no) from api.quarantine as q
        where q.batch_id = b.batch_id
    ) as lines
from api.batches as b
where b.batch_id = %(batch_id)s;

-- name: attach_raw
select api.attach_raw(%(batch_id)s, %(lines)s, %(raw)s);

-- name: comparable_batch
select
    c.batch_id,
    c.archived_as,
    c.digest,
    c.set_aside,
    c.amounts
from api.comparable_batch(%(source)s, %(kind)s, %(columns)s, %(delimiter)s, %(is_full)s) as c
where c.batch_id is not null;

-- name: erased
select api.erased_clients();
