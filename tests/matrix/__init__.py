"""The matrix of the policy: who may do what to what, as data. Begin with `rows.py`."""
