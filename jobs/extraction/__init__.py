"""Jobs that extract tables from conversations."""
