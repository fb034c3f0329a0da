-- No client has two open loans that were made here; only files bring a second one.
create view api.check_one_own_open_loan as
select
    'client' as subject,
    l.user_id as subject_id,
    format('%s open loans made here', count(*)) as detail
from dm.loans as l
where l.loan_id >= 1000000000 and l.status = 'ongoing'
group by l.user_id
having count(*) > 1;
