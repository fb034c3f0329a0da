-- No client gets two letters of one local date by the same way.
create view api.check_letters_once_a_day as
select
    'client' as subject,
    t.user_id as subject_id,
    format('%s letters of %s by %s', count(*), t.local_date, t.channel) as detail
from ops.letters as t
where t.user_id is not null and t.state <> 'cancelled'
group by t.user_id, t.local_date, t.channel
having count(*) > 1;
