"""Resolvers of tables, columns, rows, cells, revisions and summaries."""
