"""Jobs that send mail."""
