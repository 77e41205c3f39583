"""Jobs that write replies, their tables and titles."""
