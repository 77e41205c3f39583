"""Documents compared with the code: settings, commands, errors, links, and examples, which run."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values
from openpyxl import load_workbook

from errors import ProductError
from execution.errors import Code
from schema import schema
from settings.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
API, ARCHITECTURE, CONFIGURATION, EXTENDING = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("api", "architecture", "configuration", "extending")
)
DECISIONS = sorted((ROOT / "docs" / "decisions").iterdir())
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED_FENCE = re.compile(r"^`([\w/]+\.py)`:(?:[^\n]+\n)+\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ANCHOR = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#]*)#([^)]+)\)")
LINK = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#]+)")
PATH = re.compile(r"`([\w.]+(?:/[\w.]+)*(?:/|\.(?:py|md|toml|graphql|lock)))`")
NOT_COPIED = shutil.ignore_patterns(".*", "node_modules", "web", "docs", "graphiql", "*.db*")


def section(document: str, heading: str) -> str:
    """Return the text under a heading, up to the next heading of its level."""
    return document.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def written_default(value: object) -> str:
    return "" if value is None else str(value)


def settings_row(name: str) -> str:
    field = Settings.model_fields[name]
    default = written_default(field.default)
    return f"| `{name.upper()}` | {f'`{default}`' if default else 'empty'} | {field.description} |"


def test_the_configuration_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = [line for line in section(CONFIGURATION, "Settings").splitlines() if line.startswith("| `")]
    assert rows == [settings_row(name) for name in Settings.model_fields]


def test_the_example_environment_holds_every_setting_with_its_default() -> None:
    written = dotenv_values(ROOT / ".env.example")
    defaults = {name.upper(): written_default(field.default) for name, field in Settings.model_fields.items()}
    assert written == defaults


def test_the_api_lists_every_error_code() -> None:
    transport = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "transport").rglob("*.py"))
    worded = re.findall(r'(?:code(?:: str)?=|code: str = |INTERNAL = |\d: )"([A-Z_]+)"', transport)
    codes = {kind.code for kind in ProductError.__subclasses__()} | {code.value for code in Code} | set(worded)
    listed = re.findall(r"^\| `([A-Z_]+)` \|", section(API, "Errors"), re.MULTILINE)
    assert sorted(listed) == sorted(codes - {"HTTP_ERROR"})


def test_the_api_gives_product_errors_their_status() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", section(API, "Errors"), re.MULTILINE))
    assert {kind.code: listed[kind.code] for kind in ProductError.__subclasses__()} == {
        kind.code: str(kind.status) for kind in ProductError.__subclasses__()
    }


def test_make_help_explains_every_command() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets is not None
    displayed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=10)
    explained = re.findall(r"^  make ([a-z-]+) +\S.*$", displayed.stdout, re.MULTILINE)
    assert sorted(explained) == sorted(targets[1].split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_make_commands_in_the_documents_exist(document: Path) -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", document.read_text(encoding="utf-8"))) <= set(targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_are_wrapped_at_100_characters(document: Path) -> None:
    prose = FENCE.sub("", document.read_text(encoding="utf-8")).splitlines()
    lines = [line for line in prose if not line.startswith("|")]  # a table's row is one line
    assert [line for line in lines if len(line) > 100] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 250


def test_the_apollo_recipe_keys_lists_by_all_their_filters() -> None:
    recipe = re.search(r"conversations: relayStylePagination\(\[(.*?)\]\)", API)
    query = schema._schema.query_type
    assert recipe is not None
    assert query is not None
    filters = set(query.fields["conversations"].args) - {"first", "after", "last", "before"}
    assert set(re.findall(r'"(\w+)"', recipe[1])) == filters


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_headings_lead_somewhere(document: Path) -> None:
    links = ANCHOR.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    assert [
        link for link in links if link[1] not in anchors((document.parent / link[0]) if link[0] else document)
    ] == []


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
async def test_the_tour_and_the_api_examples_run_as_written(default_server: str, tmp_path: Path) -> None:
    script = "\n".join(code for language, code in FENCE.findall(README + API) if language == "sh")
    process = await asyncio.create_subprocess_exec(
        "bash",
        *("-euo", "pipefail", "-c", script),
        cwd=tmp_path,
        env={**os.environ, "SHEETGPT": default_server, "EMAIL": "reader@example.com"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, mistakes = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, mistakes.decode()) == (0, "")
    printed = output.decode()
    assert printed.startswith("Welcome, Ada: you are signed in.\nNo language model is configured")
    assert '"quote": "€81.40",\n    "grounding": "EXACT"' in printed
    assert '"summary": "1 cell changed"' in printed
    assert '"status": "COMPLETED",\n  "rowCount": 3' in printed
    assert '"rowCount": 2,\n  "rejectedCount": 0,\n  "delimiter": ";",\n  "encoding": "utf-8"' in printed
    assert '"old": "11.90",\n    "new": "12.90",\n    "overwritesHuman": true' in printed
    assert '"summary": "1 cell changed, 1 row added"' in printed
    assert "\nevent: complete\ndata:\n" in printed
    sheet = load_workbook(tmp_path / "expenses.xlsx").worksheets[0]
    assert [[cell.value for cell in row][1:] for row in sheet.iter_rows()] == [
        ["What", "Category", "Amount"],
        ["Taxi", "Travel", 81.4],
        ["Hotel, two nights", "Lodging", 312],
        ["Lunch, two customers", "Meals", 64.5],
    ]


def test_the_entity_of_the_documents_works_in_this_code(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=NOT_COPIED)
    files = dict(NAMED_FENCE.findall(EXTENDING))
    assert list(files) == [
        "db/models/notes.py",
        "db/notes/notes.py",
        "resolvers/notes/notes.py",
        "schema/notes.py",
        "tests/notes/test_notes.py",
    ]
    for name, code in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).with_name("__init__.py").touch()
        (project / name).write_text(code, encoding="utf-8")
    replace_in(project / "db/models/__init__.py", "    messages,\n", "    messages,\n    notes,\n")
    replace_in(project / "db/models/__init__.py", '    "messages",\n', '    "messages",\n    "notes",\n')
    replace_in(project / "schema/__init__.py", "    messages,\n", "    messages,\n    notes,\n")
    replace_in(project / "schema/__init__.py", "messages.Query,", "messages.Query, notes.Query,")
    replace_in(project / "schema/__init__.py", "messages.Mutation,", "messages.Mutation, notes.Mutation,")
    python(project, "-m", "ruff", "check", *files)
    python(project, "-m", "ruff", "format", "--check", *files)
    python(project, "-m", "db.migrations", "add notes")
    sdl = python(project, "-c", "from schema import schema; print(schema.as_str())")
    assert "\ntype Note implements Node & Audited {" in sdl
    assert "\n    input: CreateNoteInput!\n  ): CreateNotePayload!\n" in sdl
    # On one database: the other would start a second PostgreSQL beside this run's.
    assert "2 passed" in python(project, "-m", "pytest", "-n0", "-k", "sqlite", "tests/notes/test_notes.py")


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def python(directory: Path, *arguments: str) -> str:
    """Return the output of a Python command; fail with all of it when the command fails."""
    # A worker's variables would make tests share the template of earlier runs, whose schema may be older.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=directory, env=environment, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
