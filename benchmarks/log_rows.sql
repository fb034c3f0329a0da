-- How many changes of clients and loans Loanbook's audit holds.
select count(*)
from audit.changes as c
inner join audit.statements as s on s.statement_id = c.statement_id
where s.relation in ('clients', 'loans');
