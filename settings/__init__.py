"""Settings of the server: the kinds of their values, their fields, and how they are loaded."""
