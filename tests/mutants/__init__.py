"""Mutation testing: `make mutants` changes one line at a time and lists the changes that no test notices."""
