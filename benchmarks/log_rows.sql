-- How many changes of clients and loans Loanbook's audit holds.
select count(*)
from audit.changes as c
where c.relation in ('clients', 'loans');
