"""Jobs that notify many users."""
