-- The journal, as programs and people read it.

create view api.runs as
select
    r.run_id,
    r.business_date,
    r.attempt,
    case when r.state = 'running' and not api.runs_are_claimed() then 'died' else r.state end as state,
    r.actor,
    r.host,
    r.pid,
    r.begun_at,
    r.resumed_at,
    r.ended_at,
    case
        when r.state = 'running' and not api.runs_are_claimed() then 'its process ended in the middle'
        else r.error
    end as error
from ops.runs as r;
comment on view api.runs is
'One row per business date that was worked on; what no process is doing any more is called died.';

create view api.run_steps as
select
    s.run_id,
    r.business_date,
    s.attempt,
    s.attempt = r.attempt as is_latest,
    s.place,
    s.step,
    s.needs,
    case when s.state = 'running' and not api.runs_are_claimed() then 'died' else s.state end as state,
    s.inputs,
    s.counts,
    s.begun_at,
    s.ended_at,
    round(extract(epoch from s.ended_at - s.begun_at), 3) as seconds,
    s.error
from ops.run_steps as s
inner join ops.runs as r on s.run_id = r.run_id;
comment on view api.run_steps is 'One row per step of each attempt at a business date.';

create view api.daily_books as
select
    b.snapshot_id,
    b.as_of,
    b.run_id,
    b.attempt,
    b.recorded_at,
    b.clients,
    b.approved_clients,
    b.borrowers,
    b.snapshot_id = max(b.snapshot_id) over (partition by b.as_of) as stands
from ops.daily_books as b;
comment on view api.daily_books is
'One row per record of a day; the latest of a day stands, earlier ones say what was known before.';

create view api.daily_figures as
select
    b.as_of, f.snapshot_id, b.stands, f.cut, f.part, f.status, f.bucket, f.loans, f.principal,
    f.due_amount, f.amount_paid, f.balance
from ops.daily_figures as f
inner join api.daily_books as b on f.snapshot_id = b.snapshot_id;
comment on view api.daily_figures is
'One row per record of a day, cut of the book, part of it, status and bucket: loans and sums.';
