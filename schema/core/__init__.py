"""Parts of the schema that are no feature of their own."""
