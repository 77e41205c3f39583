"""Background jobs and mail."""
