"""Writers of tables: CSV, TSV, JSON, Markdown and XLSX."""
