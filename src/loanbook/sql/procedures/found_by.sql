-- What clients are found and compared by. Each of the keys is the expression of an index of
-- dm.contacts, word for word, and must be changed together with it.

-- The words of a name in small letters without accents.
create function ops.name_words(p_name text)
returns tsvector
language sql immutable
as $$
    select array_to_tsvector(array_remove(string_to_array(
        case
            when octet_length(p_name) = length(p_name)
                then replace(replace(replace(replace(lower(p_name), '-', ' '), '.', ' '), ',', ' '), '''', '')
            else translate(
                lower(p_name),
                U&'áàâãäéèêëíìîïóòôõöúùûüçñ-.,\0009\00A0''’\0300\0301\0302\0303\0308\0327',
                'aaaaaeeeeiiiiooooouuuucn     '
            )
        end, ' '
    ), ''));
$$;

create function ops.email_key(p_email text)
returns bigint
language sql immutable
as $$
    select hashtextextended(lower(p_email), 0);
$$;

create function ops.tax_id_key(p_tax_id text)
returns bigint
language sql immutable
as $$
    select hashtextextended(replace(replace(replace(upper(p_tax_id), '.', ''), '-', ''), '/', ''), 0);
$$;

create function ops.tax_id_marks_off(p_tax_id text)
returns text
language sql immutable
as $$
    select translate(p_tax_id, './- ', '');
$$;

-- Its last eight digits, which all spellings share; the digits decide.
create function ops.phone_key(p_phone text)
returns bigint
language sql immutable
as $$
    select hashtextextended(right(replace(replace(replace(p_phone, '-', ''), ' ', ''), '.', ''), 8), 0);
$$;

create function ops.phone_digits(p_phone text)
returns text
language sql immutable
as $$
    select translate(p_phone, '+()-./ ', '');
$$;

-- The spellings of a telephone number: with and without the country's 55 and the trunk's 0.
create function ops.phone_spellings(p_phone text)
returns text[]
language sql immutable
as $$
    select case
        when d.digits ~ '^55[1-9][0-9]{9,10}$'
            then array[d.digits, substr(d.digits, 3), '0' || substr(d.digits, 3)]
        when d.digits ~ '^0?[1-9][0-9]{9,10}$'
            then array['55' || ltrim(d.digits, '0'), ltrim(d.digits, '0'), '0' || ltrim(d.digits, '0')]
        else array[d.digits]
    end
    from (select ops.phone_digits(p_phone)) as d (digits);
$$;

-- What asks for names in which each of these words begins a word; null if there is no word.
create function ops.name_query(p_name text)
returns tsquery
language sql immutable
as $$
    select string_agg('''' || replace(w.word, '\', '\\') || ''':*', ' & ')::tsquery
    from unnest(tsvector_to_array(ops.name_words(p_name))) as w (word);
$$;
