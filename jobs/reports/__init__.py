"""Jobs that make reports."""
