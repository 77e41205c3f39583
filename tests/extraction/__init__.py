"""What people paste, the tables that should come out, and how much of them does."""
