"""Matrix of the permissions: people, things and operations, as data. Begin with `rows.py`."""
