"""Jobs that build and drop the indexes of table columns."""
