"""Column types: parsing, validation, formatting, conversion and inference."""
