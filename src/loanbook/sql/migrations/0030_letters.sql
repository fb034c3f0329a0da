-- Letters: who was told what, the outbox, and what keeps a letter from going out.

-- A sender is a session that carries letters. It holds an advisory lock on its number as long as it
-- lives; the server drops the lock with the connection, however the process ends.
create table ops.senders (
    sender_id bigint generated always as identity constraint senders_pkey primary key,
    host text not null,
    pid integer not null,
    actor text not null,
    entered_at timestamptz not null default clock_timestamp(),
    constraint senders_sender_id_fits_lock check (sender_id <= 2147483647)
);
comment on table ops.senders is 'One row per session that ever carried letters.';
comment on column ops.senders.sender_id is 'Number of the sender, never used again.';
comment on column ops.senders.host is 'Machine of its process.';
comment on column ops.senders.pid is 'Its process there.';
comment on column ops.senders.actor is 'Who started it.';
comment on column ops.senders.entered_at is 'When it entered.';

create table ops.letters (
    letter_id bigint generated always as identity constraint letters_pkey primary key,
    kind text not null
    constraint letters_kind_known check (kind in ('reminder', 'paid_off', 'summary', 'notice')),
    channel text not null default 'email'
    constraint letters_channel_known check (channel in ('email')),
    user_id bigint
    constraint letters_client_fkey references dm.clients,
    local_date date not null,
    recipient text,
    once text
    constraint letters_team_once unique,
    about jsonb not null default '{}',
    optional boolean not null default false,
    by_hand boolean not null default false,
    state text not null default 'planned'
    constraint letters_state_known
    check (state in ('planned', 'claimed', 'sent', 'failed', 'unknown', 'suppressed', 'cancelled')),
    attempts integer not null default 0
    constraint letters_attempts_valid check (attempts >= 0),
    due_from timestamptz,
    sender_id bigint
    constraint letters_sender_fkey references ops.senders,
    address_digest text
    constraint letters_digest_is_sha256 check (address_digest ~ '^[0-9a-f]{64}$'),
    message_id text,
    reason text,
    actor text not null,
    created_at timestamptz not null default clock_timestamp(),
    claimed_at timestamptz,
    ended_at timestamptz,
    bounced_at timestamptz,
    constraint letters_to_client_or_team
    check (
        (kind in ('reminder', 'paid_off')) = (user_id is not null)
        and (user_id is null) = (recipient is not null)
        and (user_id is null) = (once is not null)
    ),
    constraint letters_planned_for_a_time check (state <> 'planned' or due_from is not null),
    constraint letters_claimed_by_a_sender
    check (state <> 'claimed' or (sender_id is not null and claimed_at is not null)),
    constraint letters_unsent_with_reason
    check (state in ('planned', 'claimed', 'sent') or reason is not null),
    constraint letters_ended_with_date
    check (
        (ended_at is not null)
        = (state in ('sent', 'suppressed', 'cancelled') or (state = 'failed' and due_from is null))
    ),
    constraint letters_bounced_were_sent check (bounced_at is null or state = 'sent')
);
comment on table ops.letters is 'One row per letter: planned, on its way, or ended.';
comment on column ops.letters.letter_id is 'Number of the letter.';
comment on column ops.letters.kind is
'reminder and paid_off go to clients; summary and notice to the lender''s own people.';
comment on column ops.letters.channel is 'By which way it goes.';
comment on column ops.letters.user_id is 'The client; null for the lender''s own people.';
comment on column ops.letters.local_date is 'The day, in the lender''s zone, on which it goes or never.';
comment on column ops.letters.recipient is
'Address of one of the lender''s own people; that of a client is read at the claim.';
comment on column ops.letters.once is
'What a letter to the lender''s own people tells, and to whom: told once.';
comment on column ops.letters.about is 'What it tells of, by name, without personal data.';
comment on column ops.letters.optional is 'A client may opt out of it: before the due date, or thanks.';
comment on column ops.letters.by_hand is 'A person asked for it.';
comment on column ops.letters.state is
'planned; claimed: a sender has it; sent; failed: tried again from due_from on, or given up; unknown: '
'perhaps sent, a person decides; suppressed: must not go out; cancelled: no longer needed.';
comment on column ops.letters.attempts is 'How often it was claimed.';
comment on column ops.letters.due_from is 'No sender claims it before; null of a failed one: given up.';
comment on column ops.letters.sender_id is 'The sender that claimed it last.';
comment on column ops.letters.address_digest is
'SHA-256 of the address it was claimed for, so that a bounce suppresses that one.';
comment on column ops.letters.message_id is 'Its Message-ID, once it was sent or perhaps.';
comment on column ops.letters.reason is 'Why it is in its state; without personal data.';
comment on column ops.letters.actor is 'Who planned it.';
comment on column ops.letters.created_at is 'When it was planned.';
comment on column ops.letters.claimed_at is 'When it was claimed last.';
comment on column ops.letters.ended_at is 'When it ended.';
comment on column ops.letters.bounced_at is 'When word came that it could not be delivered.';
-- A client gets one letter a day.
create unique index letters_once_a_day
on ops.letters (user_id, channel, local_date) where user_id is not null and state <> 'cancelled';
create index letters_client on ops.letters (user_id, local_date) where user_id is not null;
create index letters_of_a_day on ops.letters (local_date);
-- What waits, in the order in which it is claimed; and what a dead sender may have left.
create index letters_waiting
on ops.letters (due_from, letter_id) where state in ('planned', 'failed') and due_from is not null;
create index letters_waiting_for_a_day
on ops.letters (local_date)
where state in ('planned', 'failed') and due_from is not null and user_id is not null;
create index letters_message on ops.letters (message_id) where message_id is not null;
create index letters_claimed on ops.letters (sender_id) where state = 'claimed';

create table ops.letter_loans (
    telling_id bigint generated always as identity constraint letter_loans_pkey primary key,
    letter_id bigint
    constraint letter_loans_letter_fkey references ops.letters,
    loan_id bigint not null
    constraint letter_loans_loan_fkey references dm.loans,
    due_on date not null,
    kind text not null default 'reminder'
    constraint letter_loans_kind_known check (kind in ('reminder', 'paid_off')),
    step integer,
    channel text not null default 'email'
    constraint letter_loans_channel_known check (channel in ('email')),
    state text not null default 'planned'
    constraint letter_loans_state_known check (state in ('planned', 'told', 'missed', 'cancelled')),
    noted_on date not null,
    constraint letter_loans_missed_without_letter check ((state = 'missed') = (letter_id is null)),
    constraint letter_loans_missed_is_a_step check (state <> 'missed' or step is not null),
    constraint letter_loans_thanks_have_no_step check (kind = 'reminder' or step is null)
);
comment on table ops.letter_loans is
'One row per step of a loan''s cadence that a letter tells or that was missed, and per loan that a letter '
'was written for without a step.';
comment on column ops.letter_loans.telling_id is 'Number of the row.';
comment on column ops.letter_loans.letter_id is 'The letter; null of a missed step.';
comment on column ops.letter_loans.loan_id is 'The loan.';
comment on column ops.letter_loans.due_on is 'Its due date when it was told: another one begins anew.';
comment on column ops.letter_loans.kind is 'reminder: a step of the cadence; paid_off: the thank-you.';
comment on column ops.letter_loans.step is
'Days after the due date, before it negative; null of a thank-you and of a letter by hand between two steps.';
comment on column ops.letter_loans.channel is 'By which way it is told.';
comment on column ops.letter_loans.state is
'planned: its letter is on its way; told; missed: it will not be told; cancelled: its letter did not go out.';
comment on column ops.letter_loans.noted_on is 'The local date on which it was planned or found missed.';
-- A step of a loan is told once, and so is its thank-you.
create unique index letter_loans_step_once
on ops.letter_loans (loan_id, due_on, step, channel) where kind = 'reminder' and state <> 'cancelled';
create unique index letter_loans_thanked_once
on ops.letter_loans (loan_id, due_on, channel) where kind = 'paid_off' and state <> 'cancelled';
create index letter_loans_letter on ops.letter_loans (letter_id) where letter_id is not null;

-- At first sight of a loan its old steps are not told; from then on whatever was missed is caught up.
create table ops.loans_in_sight (
    loan_id bigint not null
    constraint loans_in_sight_loan_fkey references dm.loans,
    due_on date not null,
    since date not null,
    constraint loans_in_sight_pkey primary key (loan_id, due_on)
);
comment on table ops.loans_in_sight is 'One row per open loan and due date that reminders have looked at.';
comment on column ops.loans_in_sight.loan_id is 'The loan.';
comment on column ops.loans_in_sight.due_on is 'Its due date.';
comment on column ops.loans_in_sight.since is 'The local date on which it was first looked at.';

create table ops.letter_events (
    event_id bigint generated always as identity constraint letter_events_pkey primary key,
    letter_id bigint not null
    constraint letter_events_letter_fkey references ops.letters,
    at timestamptz not null default clock_timestamp(),
    state_before text,
    state text not null,
    actor text not null,
    reason text
);
comment on table ops.letter_events is 'One row per change of a letter''s state; append-only.';
comment on column ops.letter_events.event_id is 'Number of the event; later ones have higher numbers.';
comment on column ops.letter_events.letter_id is 'The letter.';
comment on column ops.letter_events.at is 'When it happened.';
comment on column ops.letter_events.state_before is 'The state before; null of a new letter.';
comment on column ops.letter_events.state is 'The state since then.';
comment on column ops.letter_events.actor is 'Who did it.';
comment on column ops.letter_events.reason is 'Why; without personal data.';
create index letter_events_letter on ops.letter_events (letter_id);

create table ops.suppressions (
    suppression_id bigint generated always as identity constraint suppressions_pkey primary key,
    address_digest text not null
    constraint suppressions_digest_is_sha256 check (address_digest ~ '^[0-9a-f]{64}$'),
    since timestamptz not null default clock_timestamp(),
    reason text not null
    constraint suppressions_reason_said check (reason ~ '[^[:space:]]'),
    actor text not null,
    lifted_at timestamptz,
    lifted_by text,
    constraint suppressions_lifted_by_somebody check ((lifted_at is null) = (lifted_by is null))
);
comment on table ops.suppressions is 'One row per address, and time, that no letter goes to.';
comment on column ops.suppressions.suppression_id is 'Number of the row.';
comment on column ops.suppressions.address_digest is
'SHA-256 of the address in small letters; the address itself stands in the contact only.';
comment on column ops.suppressions.since is 'Since when.';
comment on column ops.suppressions.reason is 'Why: what a server said, or a person; without personal data.';
comment on column ops.suppressions.actor is 'Who suppressed it.';
comment on column ops.suppressions.lifted_at is 'When it was lifted; null as long as it stands.';
comment on column ops.suppressions.lifted_by is 'Who lifted it.';
create unique index suppressions_one_standing on ops.suppressions (address_digest) where lifted_at is null;

create table ops.disputes (
    dispute_id bigint generated always as identity constraint disputes_pkey primary key,
    loan_id bigint not null
    constraint disputes_loan_fkey references dm.loans,
    opened_at timestamptz not null default clock_timestamp(),
    reason text not null
    constraint disputes_reason_said check (reason ~ '[^[:space:]]'),
    actor text not null,
    settled_at timestamptz,
    settled_by text,
    settlement text
    constraint disputes_settlement_said check (settlement ~ '[^[:space:]]'),
    constraint disputes_settled_by_somebody
    check (
        (settled_at is null) = (settled_by is null)
        and (settled_at is null) = (settlement is null)
    )
);
comment on table ops.disputes is
'One row per dispute about a loan: as long as it stands nobody is reminded of the loan.';
comment on column ops.disputes.dispute_id is 'Number of the dispute.';
comment on column ops.disputes.loan_id is 'The loan.';
comment on column ops.disputes.opened_at is 'When it was noted.';
comment on column ops.disputes.reason is 'What is disputed; without personal data.';
comment on column ops.disputes.actor is 'Who noted it.';
comment on column ops.disputes.settled_at is 'When it was settled; null as long as it stands.';
comment on column ops.disputes.settled_by is 'Who settled it.';
comment on column ops.disputes.settlement is 'What came of it; without personal data.';
create unique index disputes_one_standing on ops.disputes (loan_id) where settled_at is null;
