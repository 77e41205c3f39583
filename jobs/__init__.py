"""Work nobody waits for: the worker, and a handler for each kind of job."""
