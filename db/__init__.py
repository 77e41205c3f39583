"""Data layer: models, queries and writes, each filtered and checked by the policy."""
