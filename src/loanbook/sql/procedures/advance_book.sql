-- The run of a day may begin: the book never goes back.
create function api.refuse_earlier_day(p_as_of date)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stands date := (select k.business_date from ops.book as k);
begin
    if p_as_of < v_stands then
        perform ops.refuse(
            'book_never_goes_back',
            format('The book stands at %s; a run of the earlier %s is refused.', v_stands, p_as_of)
        );
    end if;
end;
$$;

-- The run of a day is accepted: this is the book's business date now.
create function api.advance_book(p_as_of date)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform k.business_date from ops.book as k for update;
    perform api.refuse_earlier_day(p_as_of);
    update ops.book as k set business_date = p_as_of, advanced_at = clock_timestamp()
    where k.business_date is distinct from p_as_of;
end;
$$;
