"""Bounds of the process that reads a document."""

import resource


def allow_cpu(seconds: int) -> None:
    """Give the process this much more time of the processor, up to the bound of the whole file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
