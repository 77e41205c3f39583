"""`python -m schema` writes the SDL to schema/schema.graphql; with `--check` it fails when they differ."""

import difflib
import sys
from pathlib import Path

from schema import schema

SNAPSHOT = Path(__file__).parent / "schema.graphql"


def main() -> None:
    sdl = schema.as_str() + "\n"
    if "--check" not in sys.argv:
        SNAPSHOT.write_text(sdl, encoding="utf-8")
        return
    stored = SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else ""
    if stored != sdl:
        changes = difflib.unified_diff(stored.splitlines(), sdl.splitlines(), "schema.graphql", "the code", lineterm="")
        sys.exit("\n".join([*changes, "The schema has changed: run `make schema` and review the difference."]))


if __name__ == "__main__":
    main()
