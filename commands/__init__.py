"""Command line of the server: `python app.py` serves; the other commands also work while a server runs.

Each command is a function whose docstring is its help text; `cli` lists them. Exit codes are Click's: 0 for success,
1 for a failure with one sentence on standard error, 2 for a usage error. A command imports what it needs when it runs,
because importing the server takes a second and `--help` should not wait for it.
"""
