-- Sources: what was fetched from whom, which streams of files there are, and whose key is which id.

create table ops.streams (
    stream_id bigint generated always as identity constraint streams_pkey primary key,
    source text not null
    constraint streams_source_is_a_name check (source ~ '^[a-z][a-z0-9_-]{0,39}$'),
    layout text not null default ''
    constraint streams_layout_short check (length(layout) <= 100),
    columns text[] not null default '{}',
    filled text[] not null default '{}',
    constraint streams_once unique (source, layout)
);
comment on table ops.streams is 'One row per source and layout: files that are expected to be alike.';
comment on column ops.streams.stream_id is 'Number of the stream; findings about a source bear it.';
comment on column ops.streams.source is 'Who delivers.';
comment on column ops.streams.layout is 'How its files are read; blank: the source as a whole.';
comment on column ops.streams.columns is 'Columns of the file that was taken last, in order.';
comment on column ops.streams.filled is 'Those that held any value in it.';

create table ops.collected (
    collected_id bigint generated always as identity constraint collected_pkey primary key,
    source text not null
    constraint collected_source_is_a_name check (source ~ '^[a-z][a-z0-9_-]{0,39}$'),
    name text not null,
    mark text not null,
    size bigint not null,
    digest text not null
    constraint collected_digest_is_sha256 check (digest ~ '^[0-9a-f]{64}$'),
    business_date date not null,
    state text not null
    constraint collected_state_known check (state in ('taken', 'known', 'refused', 'held')),
    problem text,
    archived_as text,
    settings text not null,
    actor text not null,
    collected_at timestamptz not null default clock_timestamp(),
    constraint collected_unless_taken_with_reason
    check ((state in ('refused', 'held')) = (problem is not null))
);
comment on table ops.collected is 'One row per file that a source offered and that was looked into.';
comment on column ops.collected.collected_id is 'Number of the file.';
comment on column ops.collected.source is 'Who delivered it.';
comment on column ops.collected.name is 'What it is called at the source.';
comment on column ops.collected.mark is
'Etag, time of change or digest, by which the source tells of other content.';
comment on column ops.collected.size is 'Bytes.';
comment on column ops.collected.digest is 'SHA-256 of its bytes as they came.';
comment on column ops.collected.business_date is 'The day whose book it tells.';
comment on column ops.collected.state is
'taken; known: the same bytes were taken before; refused: it cannot be read; held: it looks so '
'different that a person has to say whether to take it.';
comment on column ops.collected.problem is 'Why it was refused or held.';
comment on column ops.collected.archived_as is 'Name of its copy among the originals of the archive.';
comment on column ops.collected.settings is
'Digest of the source''s settings then: with other settings what was refused is tried again.';
comment on column ops.collected.actor is 'Who collected it.';
comment on column ops.collected.collected_at is 'When.';
-- A blank mark tells nothing: the same may have come, gone and come back.
create unique index collected_once on ops.collected (source, name, mark, digest) where mark <> '';
create index collected_content on ops.collected (source, digest);
create index collected_day on ops.collected (source, business_date);

create table ops.collected_parts (
    collected_id bigint not null
    constraint collected_parts_collected_fkey references ops.collected,
    stream_id bigint not null
    constraint collected_parts_stream_fkey references ops.streams,
    kind text not null
    constraint collected_parts_kind_known check (kind in ('clients', 'contacts', 'loans')),
    ready_as text not null,
    row_count bigint not null,
    notes text[] not null default '{}',
    constraint collected_parts_pkey primary key (collected_id, ready_as)
);
comment on table ops.collected_parts is
'One row per file of ours that was made out of a collected one.';
comment on column ops.collected_parts.collected_id is 'The file.';
comment on column ops.collected_parts.stream_id is 'Its source and layout.';
comment on column ops.collected_parts.kind is 'clients, contacts or loans.';
comment on column ops.collected_parts.ready_as is 'Name of the file of ours; its batch bears the same.';
comment on column ops.collected_parts.row_count is 'Rows in it.';
comment on column ops.collected_parts.notes is
'What its reader should know, such as formulas without a value.';
create index collected_parts_stream on ops.collected_parts (stream_id, collected_id);

create table ops.source_keys (
    source text not null
    constraint source_keys_source_is_a_name check (source ~ '^[a-z][a-z0-9_-]{0,39}$'),
    kind text not null
    constraint source_keys_kind_known check (kind in ('clients', 'loans')),
    key text not null
    constraint source_keys_key_short check (length(key) between 1 and 200),
    id bigint not null
    constraint source_keys_id_range check (id between 1 and 999999999),
    given_at timestamptz not null default clock_timestamp(),
    constraint source_keys_pkey primary key (source, kind, key),
    constraint source_keys_id_once unique (kind, id)
);
comment on table ops.source_keys is
'One row per key of a source whose ids are mapped: which user_id or loan_id stands for it here.';
comment on column ops.source_keys.source is 'The source.';
comment on column ops.source_keys.kind is 'clients: the id is a user_id; loans: a loan_id.';
comment on column ops.source_keys.key is 'The source''s own key, as its files write it.';
comment on column ops.source_keys.id is 'The id here, out of the range that the source was given.';
comment on column ops.source_keys.given_at is 'When it was given.';

-- Findings may be about a stream of files, too.
alter table ops.findings drop constraint findings_subject_known;
alter table ops.findings add constraint findings_subject_known
check (subject in ('client', 'contact', 'loan', 'source'));
comment on column ops.findings.subject is 'What it is about: client, contact, loan, or a stream of a source.';
comment on column ops.findings.subject_id is 'user_id, loan_id or stream_id of the subject.';

-- A step may be done once for each source, and is then named after both.
alter table ops.run_steps drop constraint run_steps_step_is_a_name;
alter table ops.run_steps add constraint run_steps_step_is_a_name
check (step ~ '^[a-z][a-z0-9_]{0,39}( [a-z][a-z0-9_-]{0,39})?$');
