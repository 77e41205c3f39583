"""Background work on the Google accounts of users."""
