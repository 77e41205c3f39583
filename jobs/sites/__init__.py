"""Background work on sites: sums of readings."""
