"""Background work that keeps sums of readings and usage up to date."""
