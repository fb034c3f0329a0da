\set loan random(1000000000, 1000019999)
begin;
insert into dm.payments (loan_id, kind, amount, effective_on, owner)
values (:loan, 'payment', 0.01, '2024-01-25', 'loanbook');
update dm.loans set amount_paid = amount_paid + 0.01, version = version + 1 where loan_id = :loan;
commit;
