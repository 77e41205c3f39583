"""The documents against the code: settings, commands, errors, links, and the README's own examples, which run."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotenv import dotenv_values
from openpyxl import load_workbook

from errors import ProductError
from execution.errors import Code
from settings import Settings
from tests.support.processes.product_process import running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").iterdir())
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED_FENCE = re.compile(r"^`([\w/]+\.py)`:[^\n]*\n\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#]+)")
PATH = re.compile(r"`([\w.]+(?:/[\w.]+)*(?:/|\.(?:py|md|toml|graphql|lock)))`")
NOT_COPIED = shutil.ignore_patterns(".*", "node_modules", "web", "docs", "graphiql", "*.db*")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server as `make run` starts it, with nothing configured."""
    with running(tmp_path / "server") as product:
        yield product.url


def section(heading: str) -> str:
    """The README's text under a heading, up to the next one of its level."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def written_default(value: object) -> str:
    return "" if value is None else str(value)


def settings_row(name: str) -> str:
    field = Settings.model_fields[name]
    default = written_default(field.default)
    return f"| `{name.upper()}` | {f'`{default}`' if default else 'empty'} | {field.description} |"


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]
    assert rows == [settings_row(name) for name in Settings.model_fields]


def test_the_example_environment_holds_every_setting_with_its_default() -> None:
    written = dotenv_values(ROOT / ".env.example")
    defaults = {name.upper(): written_default(field.default) for name, field in Settings.model_fields.items()}
    assert written == defaults


def test_the_readme_lists_every_error_code() -> None:
    transport = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "transport").rglob("*.py"))
    worded = re.findall(r'(?:code(?:: str)?=|code: str = |INTERNAL = |\d: )"([A-Z_]+)"', transport)
    codes = {kind.code for kind in ProductError.__subclasses__()} | {code.value for code in Code} | set(worded)
    listed = re.findall(r"^\| `([A-Z_]+)` \|", section("Errors"), re.MULTILINE)
    assert sorted(listed) == sorted(codes - {"HTTP_ERROR"})


def test_the_readme_gives_product_errors_the_status_that_they_have() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", section("Errors"), re.MULTILINE))
    assert {kind.code: listed[kind.code] for kind in ProductError.__subclasses__()} == {
        kind.code: str(kind.status) for kind in ProductError.__subclasses__()
    }


def test_make_help_explains_every_command() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets is not None
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=10)
    explained = re.findall(r"^  make ([a-z-]+) +\S.*$", shown.stdout, re.MULTILINE)
    assert sorted(explained) == sorted(targets[1].split())


def test_make_commands_in_the_readme_exist() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", README)) <= set(targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_exist(document: Path) -> None:
    links = LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_architecture_names_only_files_that_exist() -> None:
    named = set(PATH.findall(FENCE.sub("", ARCHITECTURE)))
    assert named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_architecture_describes_every_folder_of_code() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {name for name in folders if f"`{name}/`" not in ARCHITECTURE} == set()


def test_decisions_are_numbered_and_titled_as_their_files_are_named() -> None:
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in DECISIONS]
    named = [re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".md" for title in titles]
    assert [path.name for path in DECISIONS] == named
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04d}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour needs curl: install it")
async def test_the_tour_of_the_readme_runs_as_it_is_written(server: str, tmp_path: Path) -> None:
    script = "\n".join(code for language, code in FENCE.findall(README) if language == "sh")
    process = await asyncio.create_subprocess_exec(
        "bash",
        *("-euo", "pipefail", "-c", script),
        cwd=tmp_path,
        env={**os.environ, "SHEETGPT": server, "EMAIL": "reader@example.com"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, mistakes = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, mistakes.decode()) == (0, "")
    said = output.decode()
    assert said.startswith("Welcome, Ada: you are signed in.\nNo language model is configured")
    assert '"quote": "€81.40",\n    "grounding": "EXACT"' in said
    assert '"summary": "1 cell changed"' in said
    assert '"status": "COMPLETED",\n  "rowCount": 3' in said
    assert '"rowCount": 2,\n  "rejectedCount": 0,\n  "delimiter": ";",\n  "encoding": "utf-8"' in said
    assert '"old": "11.90",\n    "new": "12.90",\n    "overwritesHuman": true' in said
    assert '"summary": "1 cell changed, 1 row added"' in said
    assert said.rstrip().endswith("event: complete\ndata:")
    sheet = load_workbook(tmp_path / "expenses.xlsx").worksheets[0]
    assert [[cell.value for cell in row][1:] for row in sheet.iter_rows()] == [
        ["What", "Category", "Amount"],
        ["Taxi", "Travel", 81.4],
        ["Hotel, two nights", "Lodging", 312],
        ["Lunch, two customers", "Meals", 64.5],
    ]


def test_the_entity_of_the_readme_works_in_this_code(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=NOT_COPIED)
    files = dict(NAMED_FENCE.findall(section("Development")))
    assert list(files) == ["db/notes.py", "resolvers/notes.py", "schema/notes.py", "tests/test_notes.py"]
    for name, code in files.items():
        (project / name).write_text(code, encoding="utf-8")
    replace_in(project / "db/models.py", "    messages,\n", "    messages,\n    notes,\n")
    replace_in(project / "schema/__init__.py", "    messages,\n", "    messages,\n    notes,\n")
    replace_in(project / "schema/__init__.py", "messages.Query,", "messages.Query, notes.Query,")
    replace_in(project / "schema/__init__.py", "messages.Mutation,", "messages.Mutation, notes.Mutation,")
    python(project, "-m", "ruff", "check", *files)
    python(project, "-m", "ruff", "format", "--check", *files)
    python(project, "-m", "db.migrations", "add notes")
    sdl = python(project, "-c", "from schema import schema; print(schema.as_str())")
    assert "\ntype Note implements Node & Audited {" in sdl
    assert "\n    input: AddNoteInput!\n  ): AddNotePayload!\n" in sdl
    # On one database: the other would start a second PostgreSQL beside this run's.
    assert "2 passed" in python(project, "-m", "pytest", "-n0", "-k", "sqlite", "tests/test_notes.py")


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def python(directory: Path, *arguments: str) -> str:
    """What Python prints there; fails the test with all of it when the command fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=directory, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
