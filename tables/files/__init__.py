"""Whole files as tables, row by row: what a spreadsheet program or a database writes."""
