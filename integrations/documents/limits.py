"""Bounds of the process that reads a document."""

import errno
import resource
import signal

from integrations.documents.failures import DocumentRefused

# Bytes of addresses, of which Python takes 40 MB; the texts of a workbook are in memory, and its rows are not.
MEMORY = {"pdf": 180_000_000, "table": 180_000_000, "text": 320_000_000, "rows": 320_000_000, "html": 700_000_000}
MAX_CPU = 30  # seconds of the processor for the largest file
WRITTEN = 300_000_000  # bytes

PDF_SECONDS = 1.8  # for each ten pages; starting takes another 0.2
WORKBOOK_SECONDS = 1.8
# A workbook of 100,000 rows and 10 columns has 8 MB and takes 10 s on a busy machine; one that unpacks to a thousand
# times its size has no more time than its size deserves.
SECONDS_PER_MEGABYTE = 4
HTML_SECONDS, HTML_SECONDS_PER_MEGABYTE = 1.5, 0.4


def bound_process(task: str) -> None:
    """Set the limits that hold for every file."""
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY[task]),
        (resource.RLIMIT_CPU, MAX_CPU),
        (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    # Without this, Python would turn the signal of too large a file into an exception, as it is meant to here.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def allow_cpu(seconds: float) -> None:
    """Let the system end the process after this much more time of the processor."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def seconds_for(task: str, size: int) -> float:
    """Return the time for a file of this many bytes; that for a PDF goes by its pages."""
    if task == "html":
        return HTML_SECONDS + HTML_SECONDS_PER_MEGABYTE * size / 1_000_000
    return WORKBOOK_SECONDS + SECONDS_PER_MEGABYTE * size / 1_000_000


def refuse_too_large(error: OSError) -> None:
    """Raise DocumentRefused when the file that is written has reached its limit."""
    if error.errno == errno.EFBIG:
        raise DocumentRefused("The rows take more than 300 MB: send a part of the workbook, or CSV.") from None
