-- Questions take off what was paid on the day asked or later, which is little. Payments come nearly
-- in the order of their days, so the summaries of a small index tell where not to look.
create index payments_effective_on on dm.payments using brin (effective_on);
