"""Proposed changes of a table: created, streamed, selected and applied."""
