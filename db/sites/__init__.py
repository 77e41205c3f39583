"""Sites, their modules and readings, and items."""
