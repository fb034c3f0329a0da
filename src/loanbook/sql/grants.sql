-- Rights, applied anew at every install: first nothing, then what each role needs.
revoke all on all tables in schema stage,
dm,
audit,
ops,
api,
report from public,
loanbook_app,
loanbook_analyst,
loanbook_auditor;
revoke all on all routines in schema stage, dm, audit, ops, api from public, loanbook_app;
revoke all on schema public from public;

-- The application calls api and reads its views. It writes no table, with one exception: rows
-- may be put into the landing partition of a batch that api.open_batch has opened.
grant usage on schema api, stage to loanbook_app;
grant execute on all routines in schema api to loanbook_app;
grant select on all tables in schema api to loanbook_app;

-- A function in a view runs with the rights of whoever reads the view: the contract's arithmetic.
grant execute on all routines in schema dm to loanbook_app;

-- The auditor reads the history and the mart without personal data.
grant usage on schema api, audit, dm to loanbook_auditor;
grant select on audit.statements, audit.changes, audit.clients, audit.contacts, audit.loans, audit.products
to loanbook_auditor;
grant select on dm.clients, dm.loans, dm.payments, dm.products to loanbook_auditor;

-- The analyst reads the answers and what they stand on, nothing else; so may the application.
grant usage on schema report to loanbook_analyst, loanbook_app;
grant select on all tables in schema report to loanbook_analyst, loanbook_app;
