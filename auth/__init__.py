"""Authentication without I/O: tokens, passwords, signed links, secrets and rate limits."""
