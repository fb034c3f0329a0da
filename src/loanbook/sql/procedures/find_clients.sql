-- Clients that answer to all that is said, in the order of their ids and from after one of them
-- on: a page is found in milliseconds, however many clients there are and whatever came before.
-- A name is said by beginnings of its words; e-mail, tax id and telephone are said in full.
create function api.find_clients(
    p_name text default null, p_email text default null, p_tax_id text default null,
    p_phone text default null, p_status text default null, p_batch integer default null,
    p_user_id bigint default null, p_after bigint default null, p_limit integer default 20
)
returns table (
    user_id bigint, name text, email text, status text, batch integer, credit_limit numeric,
    interest_rate numeric, denied_reason text, owner text, version integer
)
language plpgsql stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_words tsquery := ops.name_query(p_name);
    v_phones text [] := ops.phone_spellings(p_phone);
    v_exact text := nullif(concat_ws(
        ' and ',
        case when p_email is not null
            then 'ops.email_key(k.email) = ops.email_key($2) and lower(k.email) = lower($2)' end,
        case when p_tax_id is not null
            then 'ops.tax_id_key(k.tax_id) = ops.tax_id_key(ops.tax_id_marks_off($3))' end,
        case when p_phone is not null
            then 'ops.phone_key(k.phone) = ops.phone_key($4[1]) and ops.phone_digits(k.phone) = any($4)' end
    ), '');
    v_sought tsquery := case when v_exact is null then ops.words_to_look_up(p_name) end;
    v_asked text := concat_ws(
        ' and ',
        'c.user_id > coalesce($8, 0)',
        -- Written so, the words are only looked at; the index is asked for those that are sought.
        case when p_name is not null then '(ops.name_words(k.name) @@ $1) is true' end,
        case when p_status is not null then 'c.status = $5' end,
        case when p_batch is not null then 'c.batch = $6' end,
        case when p_user_id is not null then 'c.user_id = $7' end
    );
    -- Few are looked up first and then put in order; many are met on the way along the numbers.
    v_from text := case
        when v_exact is not null or v_sought is not null
            then '(select k.* from dm.contacts as k where '
                || coalesce(v_exact, 'ops.name_words(k.name) @@ $10') || ' offset 0) as k
                inner join dm.clients as c on c.user_id = k.user_id'
        when p_name is not null
            then 'dm.contacts as k
                inner join dm.clients as c on c.user_id = k.user_id and k.user_id > coalesce($8, 0)'
        else 'dm.clients as c left join dm.contacts as k on k.user_id = c.user_id'
    end;
begin
    if p_name is not null and v_words is null then
        return; -- it has no word
    end if;
    return query execute
        'select c.user_id, k.name, k.email, c.status, c.batch, c.credit_limit, c.interest_rate,
            c.denied_reason, c.owner, c.version
        from ' || v_from || ' where ' || v_asked || ' order by c.user_id limit $9'
    using v_words, p_email, p_tax_id, v_phones, p_status, p_batch, p_user_id, p_after, p_limit, v_sought;
end;
$$;

-- Which words of a name the index is best asked for: the rarest, if it is rare; all, if each is
-- common but hardly anybody bears them together; null if so many do that the next ones are soon
-- met without it. How common a word is the server's statistics say; a word they do not name is rare.
create function ops.words_to_look_up(p_name text)
returns tsquery
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with stated as (
        select e.word, e.share
        from pg_stats as s
        cross join lateral unnest(
            s.most_common_elems::text::text[], s.most_common_elem_freqs::numeric[]
        ) as e (word, share)
        where s.schemaname || '.' || s.tablename = 'dm.contacts_name_words'
    ), said as (
        select w.word, coalesce(sum(t.share), 0) as share
        from unnest(tsvector_to_array(ops.name_words(p_name))) as w (word)
        left join stated as t on starts_with(t.word, w.word)
        group by w.word
    ), rarest as (
        select a.word, a.share from said as a order by a.share, length(a.word) desc limit 1
    )
    select case
        when r.share * c.reltuples <= 10000 or r.share < 0.002 then ops.name_query(r.word)
        when (select exp(sum(ln(a.share))) from said as a) < 0.001
            then ops.name_query(p_name)
    end
    from rarest as r
    inner join pg_class as c on c.oid = 'dm.contacts'::regclass;
$$;
