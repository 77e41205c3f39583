"""Loading of the settings, with one sentence for each wrong value and name."""

import difflib
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.settings import Misconfigured, Settings

NEARNESS, MIN_NAME = 0.86, 7  # two wrong letters of fourteen
# Old name → new name. Both are read; the new one wins where both are set.
RENAMED = {"JOBS": "RUN_JOBS", "EXPORTS_KEPT_DAYS": "EXPORT_RETENTION_DAYS", "TITLES": "TITLE_SOURCE"}


def load_settings() -> Settings:
    """Read the environment and `.env`. Raise Misconfigured with one sentence for each wrong value."""
    refuse_broken_lines(Path(".env"))
    refuse_unknown_settings()
    try:
        return Settings()
    except ValidationError as error:
        raise Misconfigured(" ".join(map(_explain, error.errors()))) from None


def refuse_broken_lines(path: Path) -> None:
    """Raise Misconfigured for a line that cannot be read: its setting, and maybe the next ones, would have no effect.

    The text of the line is not shown, as it may be a secret.
    """
    try:
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{path}, line {line}, is not in UTF-8: save the file in UTF-8.") from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): change its permissions.") from None
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            # The parser counts the blank lines before a statement to it.
            blank = len(binding.original.string) - len(binding.original.string.lstrip())
            line = binding.original.line + binding.original.string[:blank].count("\n")
            raise Misconfigured(
                f"{path}, line {line}, is not understood: write NAME=value, and close every quotation mark."
            )


def dotenv_settings() -> dict[str, str | None]:
    return dotenv_values(".env", encoding="utf-8-sig")


def refuse_unknown_settings() -> None:
    """Raise Misconfigured for a name that is nearly that of a setting: a typing error would have no effect."""
    known = {name.upper() for name in Settings.model_fields} | {alias.upper() for alias in _aliases()}
    for name in (name.upper() for name, value in (dotenv_settings() | os.environ).items() if value):
        near = difflib.get_close_matches(name, known, 1, NEARNESS) if name not in known else []
        # Different beginnings are different things: POSTGRES_PORT is set beside METRICS_PORT.
        if near and near[0][:2] == name[:2] and len(name) >= MIN_NAME:
            raise Misconfigured(f"{name} is not a setting: write {near[0]}, or remove it.")


def _aliases() -> Iterator[str]:
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            yield from map(str, field.validation_alias.choices)


def renamed_settings_in_use() -> Iterator[tuple[str, str]]:
    """Yield the old and the new name of each setting that is set under its old name."""
    names = {name.upper() for name, value in (dotenv_settings() | os.environ).items() if value}
    yield from ((old, new) for old, new in RENAMED.items() if old in names)


def _explain(error: ErrorDetails) -> str:
    name = _field_name(str(error["loc"][0]))
    field = Settings.model_fields[name]
    allowed = str(error["ctx"]["error"]) if error["type"] == "value_error" else _allowed(field)
    value = "" if _is_secret(field) else f"={error['input']}"  # no password on a terminal or in a log
    return f"{name.upper()}{value} is not valid: {allowed}."


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _field_name(key: str) -> str:
    """Return the field that an error names by itself or by one of its aliases."""
    for name, field in Settings.model_fields.items():
        aliases = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else []
        if key.lower() in (name, *aliases):
            return name
    raise KeyError(key)


def _allowed(field: FieldInfo) -> str:
    """Return an instruction that follows from the type and the bounds of a field."""
    if _is_secret(field):
        lengths = [item.min_length for item in field.metadata if isinstance(item, MinLen)]
        return f"write at least {lengths[0]} characters" if lengths else "write one line of text"
    if get_origin(field.annotation) is Literal:
        return f"choose one of {', '.join(get_args(field.annotation))}"
    if field.annotation is bool:
        return "write 1 (yes) or 0 (no)"
    if int in (field.annotation, *get_args(field.annotation)):
        bounds: dict[type[Any], Any] = {type(bound): bound for bound in field.metadata}
        if Le not in bounds:
            return f"write a whole number, at least {bounds[Ge].ge}"
        return f"write a whole number from {bounds[Ge].ge} to {bounds[Le].le}"
    if float in (field.annotation, *get_args(field.annotation)):
        bounds = {type(bound): bound for bound in field.metadata}
        return f"write a number from {bounds[Ge].ge} to {bounds[Le].le}"
    return "write one line of text"
