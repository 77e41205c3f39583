"""Background jobs: the worker, and a handler for each kind of job."""
