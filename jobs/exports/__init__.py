"""Jobs that export tables to files and Google Sheets."""
