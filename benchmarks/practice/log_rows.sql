-- How many rows the log of today's practice has.
select count(*) from mart.log;
