-- Of each accepted batch quarantine holds as many lines as its totals say.
create view api.check_quarantine_is_counted as
select
    'batch' as subject,
    b.batch_id as subject_id,
    format('%s lines counted, %s kept', t.quarantined, q.kept) as detail
from ops.batches as b
inner join ops.batch_totals as t on b.batch_id = t.batch_id and t.measure = 'lines'
cross join
    lateral (
        select count(*) as kept from ops.quarantine as k
        where k.batch_id = b.batch_id
    ) as q
where b.state = 'accepted' and t.quarantined is distinct from q.kept;
