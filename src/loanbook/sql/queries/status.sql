-- Open loans by lateness, as the latest day was recorded.
-- name: buckets
select
    f.as_of,
    f.bucket,
    sum(f.loans)::bigint as loans,
    sum(f.balance) as balance
from api.daily_figures as f
where
    f.stands and f.cut = 'book' and f.bucket <> 'closed'
    and f.as_of = (select max(b.as_of) from api.daily_books as b)
group by f.as_of, f.bucket
order by array_position(array['current', '1-30', '31-60', '61-90', '90+'], f.bucket);

-- name: server
select current_setting('server_version');
