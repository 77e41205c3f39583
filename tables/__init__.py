"""Tables without I/O: column types, changes, readers and writers."""
