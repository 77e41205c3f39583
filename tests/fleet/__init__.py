"""Several servers and a worker as processes, on PostgreSQL and Valkey."""
