"""Names of files from names that people chose."""

import re

MAX_FILE_NAME = 80  # characters; each is up to twelve bytes in a link


def file_name(name: str, default: str = "table") -> str:
    """Return a name as that of a file without extension, without characters special to paths and shells."""
    cleaned = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|\u2028-\u202e\u2066-\u2069\ud800-\udfff]+', " ", name)
    return " ".join(cleaned.split())[:MAX_FILE_NAME].strip(" .") or default
