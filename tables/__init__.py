"""What a table is: column types, changes, readers, writers; pure."""
