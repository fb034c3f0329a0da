-- Of each accepted batch every line and every cent is accounted for.
create view api.check_batch_identities as
select
    'batch' as subject,
    b.batch_id as subject_id,
    format(
        '%s: %s in the file, %s accounted for', t.measure, t.in_file,
        t.inserted + t.updated + t.unchanged + t.collapsed + t.quarantined
    ) as detail
from ops.batches as b
inner join ops.batch_totals as t on b.batch_id = t.batch_id
where
    b.state = 'accepted'
    and t.in_file is distinct from
    t.inserted + t.updated + t.unchanged + t.collapsed + t.quarantined;
