-- Rights on the queue, applied anew at every install: the application puts jobs in and takes them
-- out, which the library does with the caller's own rights; nobody else does anything.
revoke all on schema jobs from public, loanbook_app;
revoke all on all tables in schema jobs from public, loanbook_app;
revoke all on all sequences in schema jobs from public, loanbook_app;
revoke all on all routines in schema jobs from public, loanbook_app;

grant usage on schema jobs to loanbook_app;
grant select on jobs.taken to loanbook_app;
grant select, insert, update, delete on jobs.procrastinate_jobs, jobs.procrastinate_workers to loanbook_app;
grant select, insert on jobs.procrastinate_events to loanbook_app;
-- A job that is deleted is unlinked there.
grant select, update on jobs.procrastinate_periodic_defers to loanbook_app;
grant usage on sequence jobs.procrastinate_jobs_id_seq, jobs.procrastinate_events_id_seq to loanbook_app;
grant execute on all routines in schema jobs to loanbook_app;
set local search_path to default;
