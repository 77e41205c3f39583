"""Tables, their columns, rows and cells."""
