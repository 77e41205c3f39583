"""Logs of replies in progress, in memory and across processes."""
