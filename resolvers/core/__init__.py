"""Request context, ids, pagination, authentication and uploads shared by all resolvers."""
