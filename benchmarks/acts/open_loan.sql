select api.open_loan(nextval('bench.borrower'), 1000);
