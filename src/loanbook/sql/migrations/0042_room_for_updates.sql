-- Most loans change once or twice while they are open. A page with some room takes the new version
-- of a row that no index tells apart, so that no index has to be told.
alter table dm.loans set (fillfactor = 90);
