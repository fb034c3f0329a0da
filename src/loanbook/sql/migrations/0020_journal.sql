-- The journal: what was done on each business date, step by step, and by whom.

create table ops.runs (
    run_id bigint generated always as identity constraint runs_pkey primary key,
    business_date date not null constraint runs_one_a_day unique,
    attempt integer not null default 1
    constraint runs_attempt_positive check (attempt > 0),
    state text not null default 'running'
    constraint runs_state_known check (state in ('running', 'done', 'failed', 'died')),
    actor text not null,
    host text not null,
    pid integer not null,
    begun_at timestamptz not null default clock_timestamp(),
    resumed_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    error text,
    constraint runs_ended_unless_running check ((state = 'running') = (ended_at is null)),
    constraint runs_unsound_with_reason check ((state in ('failed', 'died')) = (error is not null))
);
comment on table ops.runs is 'One row per business date that was worked on.';
comment on column ops.runs.run_id is 'Number of the run.';
comment on column ops.runs.business_date is 'The day: the book at 00:00 of it is what the run makes.';
comment on column ops.runs.attempt is 'How often the day was begun.';
comment on column ops.runs.state is
'running; done: the book stands at the day; failed: some step did not do what it should; died: its process '
'ended in the middle.';
comment on column ops.runs.actor is 'Who began the latest attempt.';
comment on column ops.runs.host is 'Machine on which it was begun.';
comment on column ops.runs.pid is 'Process that does it, or did.';
comment on column ops.runs.begun_at is 'When the first attempt began.';
comment on column ops.runs.resumed_at is 'When the latest attempt began.';
comment on column ops.runs.ended_at is 'When the latest attempt ended, or was found dead.';
comment on column ops.runs.error is 'What is missing, in a sentence.';
-- Days are worked on one after the other.
create unique index runs_one_at_a_time on ops.runs ((state)) where state = 'running';

create table ops.run_steps (
    run_id bigint not null
    constraint run_steps_run_fkey references ops.runs,
    attempt integer not null
    constraint run_steps_attempt_positive check (attempt > 0),
    place integer not null
    constraint run_steps_place_positive check (place > 0),
    step text not null
    constraint run_steps_step_is_a_name check (step ~ '^[a-z][a-z0-9_]{0,39}$'),
    needs text[] not null default '{}',
    state text not null default 'running'
    constraint run_steps_state_known
    check (state in ('running', 'done', 'flawed', 'failed', 'kept', 'skipped', 'died')),
    inputs jsonb not null default '{}',
    counts jsonb not null default '{}',
    begun_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    error text,
    mark text,
    constraint run_steps_pkey primary key (run_id, attempt, step),
    constraint run_steps_ended_unless_running check ((state = 'running') = (ended_at is null)),
    constraint run_steps_unsound_with_reason
    check ((state in ('flawed', 'failed', 'skipped', 'died')) = (error is not null))
);
comment on table ops.run_steps is 'One row per step of each attempt at a business date.';
comment on column ops.run_steps.run_id is 'The run.';
comment on column ops.run_steps.attempt is 'The attempt of the run.';
comment on column ops.run_steps.place is 'Its place in the order of the day.';
comment on column ops.run_steps.step is 'Name of the step.';
comment on column ops.run_steps.needs is 'Steps without which it is skipped.';
comment on column ops.run_steps.state is
'running; done; flawed: done, but something was refused or unhealthy; failed; kept: an earlier attempt did '
'it and nothing has changed since; skipped: a step that it needs failed; died: its process ended.';
comment on column ops.run_steps.inputs is 'What it was begun with.';
comment on column ops.run_steps.counts is 'What it did, in numbers; batches by their number.';
comment on column ops.run_steps.begun_at is 'When it began.';
comment on column ops.run_steps.ended_at is 'When it ended.';
comment on column ops.run_steps.error is 'What went wrong, in a sentence.';
comment on column ops.run_steps.mark is 'State of the mart when it ended: how far the audit had come.';
