"""The one room that knows PostgreSQL: the embedded server, connections, install and refusals."""
