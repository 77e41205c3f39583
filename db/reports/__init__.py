"""Reports: their schedules, their results, and the numbers in them."""
