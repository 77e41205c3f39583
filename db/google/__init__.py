"""Google accounts of users: consents, connections and their end."""
