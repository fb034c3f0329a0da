-- What was collected from sources, and whose key is which id.

create view api.streams as
select s.stream_id, s.source, s.layout, s.columns, s.filled
from ops.streams as s;
comment on view api.streams is 'One row per source and layout: files that are expected to be alike.';

create view api.collected as
select
    c.collected_id, c.source, c.name, c.mark, c.size, c.digest, c.business_date, c.state, c.problem,
    c.archived_as, c.settings, c.actor, c.collected_at
from ops.collected as c;
comment on view api.collected is 'One row per file that a source offered and that was looked into.';

create view api.collected_parts as
select p.collected_id, s.source, s.layout, p.kind, p.ready_as, p.row_count, p.notes
from ops.collected_parts as p
inner join ops.streams as s on p.stream_id = s.stream_id;
comment on view api.collected_parts is 'One row per file of ours that was made out of a collected one.';

create view api.source_keys as
select k.source, k.kind, k.key, k.id, k.given_at
from ops.source_keys as k;
comment on view api.source_keys is
'One row per key of a source whose ids are mapped: which user_id or loan_id stands for it here.';
