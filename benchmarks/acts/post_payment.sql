\set loan random(1000000000, 1000019999)
select payment_id, status, balance from api.post_payment(:loan, 0.01);
