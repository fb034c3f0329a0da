-- People: who was anonymised, and how clients are found by what is known of them.

create table ops.erasures (
    user_id bigint constraint erasures_pkey primary key,
    actor text not null,
    reason text not null
    constraint erasures_reason_said check (reason ~ '[^[:space:]]'),
    erased_at timestamptz not null default clock_timestamp(),
    repeated_at timestamptz
);
comment on table ops.erasures is
'One row per client whose personal data were anonymised; no file brings them back.';
comment on column ops.erasures.user_id is 'The client; its row may have gone meanwhile.';
comment on column ops.erasures.actor is 'Who did it.';
comment on column ops.erasures.reason is 'Why; without personal data.';
comment on column ops.erasures.erased_at is 'When it was done first.';
comment on column ops.erasures.repeated_at is 'When it was last done again.';

-- A line about such a client is neither refused nor loaded: it is counted as unchanged.
alter table stage.contacts drop constraint contacts_set_aside_known;
alter table stage.contacts
add constraint contacts_set_aside_known check (set_aside in ('quarantined', 'collapsed', 'erased'));

-- Search. The expressions are those of ops.name_words, email_key, tax_id_key and phone_key. They
-- stand in indexes and in no column: nothing personal is stored in one more place of a table, of
-- its history or of an export. They are made of what costs a load least: numbers in place of texts,
-- replace in place of translate wherever there are no accents to take off. Status and batch have no
-- index: each value is borne by many, so the next ones are soon met along the numbers.
create index contacts_name_words on dm.contacts using gin (
    array_to_tsvector(array_remove(string_to_array(
        case
            when octet_length(name) = length(name)
                then replace(replace(replace(replace(lower(name), '-', ' '), '.', ' '), ',', ' '), '''', '')
            else translate(
                lower(name),
                U&'áàâãäéèêëíìîïóòôõöúùûüçñ-.,\0009\00A0''’\0300\0301\0302\0303\0308\0327',
                'aaaaaeeeeiiiiooooouuuucn     '
            )
        end, ' '
    ), ''))
);
create index contacts_email_key on dm.contacts (hashtextextended(lower(email), 0));
create index contacts_tax_id_key on dm.contacts (
    hashtextextended(replace(replace(replace(upper(tax_id), '.', ''), '-', ''), '/', ''), 0)
);
create index contacts_phone_key on dm.contacts (
    hashtextextended(right(replace(replace(replace(phone, '-', ''), ' ', ''), '.', ''), 8), 0)
);

create index findings_open_subject on ops.findings (subject, subject_id) where state = 'open';
