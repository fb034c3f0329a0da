-- The steps that every load shares.

-- Advisory locks of this database, by what they guard.
create function ops.lock_key(p_what text)
returns bigint
language sql immutable
as $$
    select case p_what
        when 'install' then 7208001 when 'stage' then 7208002 when 'load' then 7208003
        when 'products' then 7208004 when 'run' then 7208005 when 'senders' then 7208006
        when 'letters' then 7208007 when 'keys' then 7208008
    end;
$$;

-- A rule says no: one sentence for the person, the rule's name for the program.
create function ops.refuse(p_rule text, p_sentence text, p_code text default 'LB001')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%', p_sentence using errcode = p_code, constraint = p_rule;
end;
$$;

-- Who acts: what the program said for this transaction, else the role that is logged in.
create function ops.actor()
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_actor text := coalesce(nullif(current_setting('loanbook.actor', true), ''), session_user);
begin
    if length(v_actor) not between 1 and 100 or v_actor ~ '[[:cntrl:]]' then
        perform ops.refuse('actor_is_a_name', 'The actor must be a name of 1 to 100 printable characters.');
    end if;
    return v_actor;
end;
$$;

-- The column that names a row of this kind.
create function ops.key_of(p_kind text)
returns text
language sql immutable
as $$
    select case p_kind when 'loans' then 'loan_id' else 'user_id' end;
$$;

-- Whether the stage still holds the lines of a sealed batch. A crash of the server empties its table
-- as a whole, which is unlogged, and nothing else takes lines away: so one tells of all.
create function ops.stage_stands(p_batch ops.batches)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_holds_lines boolean;
begin
    execute format('select exists (select from stage.%I where batch_id = $1)', p_batch.kind)
    into v_holds_lines using p_batch.batch_id;
    return v_holds_lines or p_batch.lines = p_batch.carried;
end;
$$;

-- The batch that the mart reflects, as far as a source's rows of a kind go.
create function ops.latest_batch(p_source text, p_kind text)
returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select b.batch_id from ops.batches as b
    where b.source = p_source and b.kind = p_kind and b.state = 'accepted'
    order by b.finished_at desc, b.batch_id desc
    limit 1;
$$;

-- A load begins: alone, on a sealed batch of the right kind whose stage is whole.
create function ops.begin_load(p_batch_id bigint, p_kind text)
returns ops.batches
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_batch ops.batches;
begin
    perform pg_advisory_xact_lock(ops.lock_key('load'));
    select * into v_batch from ops.batches as b where b.batch_id = p_batch_id for update;
    if not found then
        perform ops.refuse('batch_exists', format('There is no batch %s.', p_batch_id), 'LB404');
    elsif v_batch.kind <> p_kind then
        perform ops.refuse('batch_has_this_kind', format(
            'Batch %s holds %s, not %s.', p_batch_id, v_batch.kind, p_kind
        ));
    elsif v_batch.state <> 'staged' then
        perform ops.refuse('batch_is_staged', format(
            'Batch %s is %s; only a staged one can be loaded.', p_batch_id, v_batch.state
        ));
    elsif not ops.stage_stands(v_batch) then
        perform ops.refuse('stage_holds_every_line', format(
            'The stage no longer holds the %s lines of batch %s (%s); stage the file again with --again.',
            v_batch.lines, p_batch_id, v_batch.file_name
        ));
    elsif v_batch.compared_with <> ops.latest_batch(v_batch.source, p_kind) then
        perform ops.refuse('batch_compared_with_latest', format(
            'Since batch %s (%s) was staged another one was accepted; stage the file again with --again.',
            p_batch_id, v_batch.file_name
        ));
    end if;
    perform ops.actor();
    perform set_config('loanbook.batch', p_batch_id::text, true);
    perform ops.analyze(format('stage.%I', p_kind || '_' || p_batch_id)::regclass);
    return v_batch;
end;
$$;

-- What the planner must know of rows that have just come: a sample does, the rest is left to the
-- server's own rounds.
create function ops.analyze(p_table regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set default_statistics_target = 10
as $$
begin
    execute format('analyze %s', p_table);
end;
$$;

-- A staged line as a line of its file again, for callers that do not have the file.
create function ops.rebuilt_line(p_line jsonb, p_columns text[], p_delimiter text)
returns text
language sql immutable
as $$
    select string_agg(
        case
            when c.name like '%\_at' then coalesce(replace(p_line ->> c.name, 'T', ' '), '')
            when p_line ->> c.name ~ '["\n\r;,\t]' then '"' || replace(p_line ->> c.name, '"', '""') || '"'
            else coalesce(p_line ->> c.name, '')
        end,
        p_delimiter order by c.place
    )
    from unnest(p_columns) with ordinality as c (name, place);
$$;

-- What is set aside as quarantined goes to quarantine, with all that is known against it.
create function ops.quarantine_set_aside(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format(
        'insert into ops.quarantine (batch_id, line_no, key, raw, rules)
        select s.batch_id, s.line_no, s.%2$I,
            ops.rebuilt_line(to_jsonb(s), $2, $3), s.faults
        from stage.%1$I as s
        where s.batch_id = $1 and s.set_aside = ''quarantined''
        order by s.line_no
        on conflict on constraint quarantine_line_once do update set rules = excluded.rules
        where quarantine.rules is distinct from excluded.rules',
        p_batch.kind, ops.key_of(p_batch.kind)
    )
    using p_batch.batch_id, p_batch.columns, p_batch.delimiter;
end;
$$;

-- The columns of a kind that stage and mart share, its key apart.
create function ops.columns_of(p_kind text)
returns text[]
language sql immutable
as $$
    select case p_kind
        when 'clients' then array[
            'created_at', 'status', 'batch', 'credit_limit', 'interest_rate', 'denied_reason', 'denied_at'
        ]
        when 'contacts' then array['name', 'email', 'tax_id', 'locale', 'phone', 'opted_out_at']
        when 'loans' then array[
            'user_id', 'created_at', 'due_at', 'paid_at', 'status', 'loan_amount', 'tax', 'due_amount',
            'amount_paid'
        ]
    end;
$$;

-- Keys that more than one line of the batch bears; null if there are none.
create function ops.repeated_keys(p_batch ops.batches)
returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_repeats boolean;
    v_keys bigint [];
begin
    -- Asked first whether there are any, which is cheap: keys mostly come in order.
    execute format(
        'select count(distinct s.%2$I) < count(s.%2$I) from stage.%1$I as s
        where s.batch_id = $1 and s.set_aside is null', p_batch.kind, ops.key_of(p_batch.kind)
    ) into v_repeats using p_batch.batch_id;
    if not v_repeats then
        return null;
    end if;
    execute format(
        'select array_agg(r.key) from (
            select s.%2$I as key from stage.%1$I as s
            where s.batch_id = $1 and s.set_aside is null
            group by s.%2$I having count(*) > 1
        ) as r', p_batch.kind, ops.key_of(p_batch.kind)
    ) into v_keys using p_batch.batch_id;
    return v_keys;
end;
$$;

-- One pass over stage and mart: lines that differ, are new, or repeat a key are noted as fresh; all
-- others say what the mart holds already, so they break no rule and are only counted and summed.
-- Found without locks; what becomes of fresh lines is decided under locks.
-- Few of a book's rows have fresh lines. Whoever wants these rows asks for their keys as an array: so
-- they are looked up in order, where a join would walk through all of the book. As the planner expects
-- ten rows of any such array, these are joined only with what it knows the size of.
create function ops.find_fresh_lines(p_batch ops.batches, p_repeats bigint[], p_into_empty boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    v_amounts text := case p_batch.kind
        when 'loans' then 's.loan_amount, s.due_amount, s.amount_paid'
        else 'null::numeric as loan_amount, null::numeric as due_amount, null::numeric as amount_paid'
    end;
begin
    drop table if exists pg_temp.fresh_lines, pg_temp.load_totals;
    create temp table fresh_lines (line_no bigint primary key, key bigint) on commit drop;
    create temp table load_totals (
        fate text, lines bigint, loan_amount numeric, due_amount numeric, amount_paid numeric
    ) on commit drop;
    -- Lines carried over from the file before were not staged: the mart holds them.
    insert into pg_temp.load_totals
    select
        'unchanged', p_batch.carried,
        sum(t.carried) filter (where t.measure = 'loan_amount'),
        sum(t.carried) filter (where t.measure = 'due_amount'),
        sum(t.carried) filter (where t.measure = 'amount_paid')
    from ops.batch_totals as t where t.batch_id = p_batch.batch_id;
    if p_into_empty then
        return; -- every line is new: callers ask no further
    end if;
    if p_batch.compared_with is not null then
        -- What was staged differs from the file before: there is nothing to sort out.
        execute format(
            'insert into pg_temp.fresh_lines
            select s.line_no, s.%2$I from stage.%1$I as s where s.batch_id = $1 and s.set_aside is null',
            p_batch.kind, ops.key_of(p_batch.kind)
        ) using p_batch.batch_id;
        analyze pg_temp.fresh_lines;
        return;
    end if;
    execute format(
        'with compared as materialized (
            select s.line_no, s.%2$I as key, %3$s,
                (m.owner, %4$s) is distinct from ($2, %5$s) or s.%2$I = any($3) is true as is_fresh
            from stage.%1$I as s
            left join dm.%1$I as m on m.%2$I = s.%2$I
            where s.batch_id = $1 and s.set_aside is null
        ), fresh as (
            insert into pg_temp.fresh_lines select c.line_no, c.key from compared as c where c.is_fresh
        )
        insert into pg_temp.load_totals
        select ''unchanged'', count(*), sum(c.loan_amount), sum(c.due_amount), sum(c.amount_paid)
        from compared as c where not c.is_fresh',
        p_batch.kind, ops.key_of(p_batch.kind), v_amounts,
        (select string_agg(format('m.%I', c.name), ', ') from unnest(ops.columns_of(p_batch.kind)) as c (name)),
        (select string_agg(format('s.%I', c.name), ', ') from unnest(ops.columns_of(p_batch.kind)) as c (name))
    ) using p_batch.batch_id, p_batch.source, p_repeats;
    analyze pg_temp.fresh_lines;
end;
$$;

-- What reader and rules say of one line, each thing once: a field that could not be read is not
-- also called missing, and of a line that could not be split nothing more is known.
create function ops.merged_faults(p_read text[], p_broken text[])
returns text[]
language sql immutable
as $$
    select case
        when p_read is null then p_broken
        when p_read && array['line_columns', 'line_characters', 'line_length', 'line_quotes'] then p_read
        else p_read || array(
            select b.rule from unnest(p_broken) as b (rule)
            where replace(b.rule, '_missing', '_malformed') <> all(p_read)
        )
    end;
$$;

-- Identical repeats of a line collapse into its first; contradicting ones are all quarantined,
-- because nothing says which of them is right.
create function ops.set_aside_repeats(p_batch ops.batches, p_repeats bigint[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_repeats is null then
        return;
    end if;
    execute format(
        'with repeats as (
            select s.%2$I as key, s.line_no, to_jsonb(s) - ''line_no'' as content
            from stage.%1$I as s
            where s.batch_id = $1 and s.set_aside is null and s.%2$I = any($2)
        ), judged as (
            select r.key, min(r.line_no) as first_line, count(distinct r.content) > 1 as contradicting
            from repeats as r group by r.key
        )
        update stage.%1$I as s
        set set_aside = case when j.contradicting then ''quarantined'' else ''collapsed'' end,
            faults = case when j.contradicting then array[$3] else s.faults end
        from judged as j
        where s.batch_id = $1 and s.set_aside is null and s.%2$I = j.key
            and (j.contradicting or s.line_no > j.first_line)',
        p_batch.kind, ops.key_of(p_batch.kind)
    )
    using p_batch.batch_id, p_repeats, p_batch.kind || '_contradicting_repeat';
end;
$$;

-- Lines whose client the mart does not know. Asked first for the whole batch, which is cheap; lines
-- that the mart holds already have their client.
create function ops.set_aside_unknown_clients(p_batch ops.batches, p_into_empty boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_asked text := 's.batch_id = $1 and s.set_aside is distinct from ''erased'' and s.user_id is not null';
    v_looked_up text := '';
    v_lines bigint [];
begin
    if not p_into_empty then
        v_asked := v_asked
            || ' and (s.set_aside is not null or s.line_no in (select f.line_no from pg_temp.fresh_lines as f))';
        v_looked_up := format(
            'and c.user_id = any(array(select s.user_id from stage.%I as s where %s))', p_batch.kind, v_asked
        );
    end if;
    execute format(
        'select array_agg(s.line_no) from stage.%I as s
        where %s and not exists (select from dm.clients as c where c.user_id = s.user_id %s)',
        p_batch.kind, v_asked, v_looked_up
    ) into v_lines using p_batch.batch_id;
    if v_lines is not null then
        execute format(
            'update stage.%I as s
            set set_aside = ''quarantined'', faults = s.faults || array[$3]
            where s.batch_id = $1 and s.line_no in (select l.line_no from unnest($2) as l (line_no))',
            p_batch.kind
        ) using p_batch.batch_id, v_lines, p_batch.kind || '_client_fkey';
    end if;
end;
$$;

-- No line is set aside from here on: these are totalled, and the quarantined kept. Too much refused:
-- then the file as a whole is not to be trusted. A retry is known to be bad lines.
create function ops.refusal_of(p_batch ops.batches)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_quarantined bigint;
begin
    execute format(
        'insert into pg_temp.load_totals
        select s.set_aside, count(*), %2$s from stage.%1$I as s
        where s.batch_id = $1 and s.set_aside is not null
        group by s.set_aside',
        p_batch.kind,
        case p_batch.kind when 'loans' then 'sum(s.loan_amount), sum(s.due_amount), sum(s.amount_paid)'
            else 'null, null, null' end
    )
    using p_batch.batch_id;
    if not exists (select from pg_temp.load_totals as t where t.fate = 'quarantined') then
        return null;
    end if;
    perform ops.quarantine_set_aside(p_batch);
    select count(*) into v_quarantined from ops.quarantine as q where q.batch_id = p_batch.batch_id;
    if not p_batch.is_retry and v_quarantined >= 20 and v_quarantined > 0.05 * p_batch.lines then
        return format('%s of %s lines are in quarantine, more than 5 %%', v_quarantined, p_batch.lines);
    end if;
    return null;
end;
$$;

create function ops.refuse_batch(p_batch ops.batches, p_refusal text)
returns ops.batches
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('loanbook.batch', '', true);
    update ops.batches as b set state = 'refused', refusal = p_refusal, finished_at = now()
    where b.batch_id = p_batch.batch_id
    returning b.* into p_batch;
    return p_batch;
end;
$$;

-- Keys that a full file may lack which was compared with the one before, as that held all others: who
-- departed, was called gone before, or stood there in a line that was refused.
create function ops.keys_in_question(p_batch ops.batches)
returns setof bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select d.key from unnest(p_batch.departed) as d (key)
    union all
    select f.subject_id from ops.findings as f
    where f.rule = p_batch.kind || '_gone' and f.state in ('open', 'accepted')
    union all
    select q.key from ops.quarantine as q where q.batch_id = p_batch.compared_with and q.key is not null;
$$;

-- A load ends: the batch is accepted; its constraint proves that every line is accounted for.
-- Quarantined lines of earlier batches whose key is in the mart now are closed.
create function ops.finish_load(p_batch ops.batches, p_deleted bigint default 0)
returns ops.batches
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format(
        'update ops.quarantine as q set state = ''superseded'', closed_by = $1, closed_at = now()
        from ops.batches as b
        where q.state = ''open'' and q.batch_id < $1 and b.batch_id = q.batch_id
            and b.source = $2 and b.kind = $3
            and q.key in (
                select s.%2$I from stage.%1$I as s
                where s.batch_id = $1 and (s.set_aside is null or s.set_aside = ''erased'')
            )', p_batch.kind, ops.key_of(p_batch.kind)
    )
    using p_batch.batch_id, p_batch.source, p_batch.kind;
    perform set_config('loanbook.batch', '', true);
    update ops.batches as b set state = 'accepted', deleted = p_deleted, finished_at = now()
    where b.batch_id = p_batch.batch_id
    returning b.* into p_batch;
    return p_batch;
end;
$$;

-- What came in and what became of it, in lines and in money. Each part was counted where it
-- happened, so the constraint on the totals is a proof and no tautology.
create function ops.total_batch(p_batch ops.batches)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.batch_totals as t
    set inserted = a.inserted, updated = a.updated, unchanged = a.unchanged,
        collapsed = a.collapsed, quarantined = a.quarantined
    from (
        select
            m.measure,
            coalesce(sum(m.amount) filter (where l.fate = 'inserted'), 0) as inserted,
            coalesce(sum(m.amount) filter (where l.fate = 'updated'), 0) as updated,
            coalesce(sum(m.amount) filter (where l.fate = 'unchanged'), 0) as unchanged,
            coalesce(sum(m.amount) filter (where l.fate = 'collapsed'), 0) as collapsed,
            coalesce(sum(m.amount) filter (where l.fate = 'quarantined'), 0) as quarantined
        from pg_temp.load_totals as l
        cross join lateral (
            values ('lines', l.lines::numeric), ('loan_amount', l.loan_amount),
            ('due_amount', l.due_amount), ('amount_paid', l.amount_paid)
        ) as m (measure, amount)
        group by m.measure
    ) as a
    where t.batch_id = p_batch.batch_id and t.measure = a.measure;
end;
$$;

-- A row of totals for a batch without money.
create function ops.count_lines(p_fate text, p_lines bigint)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into pg_temp.load_totals (fate, lines) values (p_fate, p_lines);
$$;
