"""List of the licences of all locked packages: `python -m tests.deploy.licences` writes docs/licences.md."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "licences.md"
LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)
UNDECLARED = "not declared in the package"
# Packages for other platforms or versions of Python, which are not installed where the list is written.
ELSEWHERE = {"async-timeout": "Apache-2.0", "colorama": "BSD-3-Clause"}
HEAD = """# Licences

SheetGPT is under the MIT licence. It runs with these packages, which are installed and not copied
into it. `make licences` writes this list.

| Package | Licence |
| --- | --- |
"""


def locked_packages() -> list[str]:
    """Return the names in requirements.lock."""
    return [match[1] for match in LOCKED.finditer((ROOT / "requirements.lock").read_text(encoding="utf-8"))]


def licence_of(package: str) -> str:
    """Return the licence that a package declares: an SPDX expression, a classifier, or the first line of its text."""
    try:
        described = metadata(package)
    except PackageNotFoundError:
        return ELSEWHERE.get(package, "not installed where this list was written")
    classifiers = [text.rpartition(" :: ")[2] for text in described.get_all("Classifier") or () if "License ::" in text]
    declared = described["License-Expression"] or ", ".join(classifiers) or described["License"] or UNDECLARED
    return declared.strip().splitlines()[0][:60].replace("|", "/")


def main() -> None:
    rows = [f"| {name} | {licence_of(name)} |" for name in locked_packages()]
    LIST.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
