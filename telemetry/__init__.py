"""Metrics and slow statements of the process, recorded from every layer and offered to operators."""
