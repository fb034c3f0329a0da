-- Who was deleted and came back is asked for at every loan that is judged, and is rarely anybody.
create index clients_history_deleted on audit.clients (key) where operation = 'D';
