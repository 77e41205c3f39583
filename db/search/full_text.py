"""SQL of the full-text search over messages, for the index of either database.

The index finds the messages that contain all words; phrases are then matched as substrings of their folded words, so
that both databases return the same messages.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean

from db.search.query_parser import SearchQuery

MAX_SCOPES = 200


@dataclass(frozen=True)
class FullTextQuery:
    """Search query limited to scopes; without scopes or with more than MAX_SCOPES it is not limited."""

    search_query: SearchQuery
    scopes: Sequence[str] = ()

    def for_sqlite(self) -> str:
        """Return an FTS5 query."""
        parts = [f'"{word}"' for word in sorted(self.search_query.exact_words)]
        parts += [f'"{word}" *' for word in sorted(self.search_query.prefixes)]
        return " AND ".join([*self._scoped('("{}")', '" OR "'), *parts])

    def for_postgresql(self) -> str:
        """Return the text of a tsquery."""
        parts = [f"'{word}'" for word in sorted(self.search_query.exact_words)]
        parts += [f"'{word}':*" for word in sorted(self.search_query.prefixes)]
        return " & ".join([*self._scoped("('{}')", "' | '"), *parts])

    def _scoped(self, template: str, separator: str) -> list[str]:
        return [template.format(separator.join(self.scopes))] if 0 < len(self.scopes) <= MAX_SCOPES else []


class FullTextQueryType(TypeDecorator[FullTextQuery]):
    """SQL type that binds a FullTextQuery in the syntax of the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: FullTextQuery | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        # Nothing is escaped: folded words consist of letters, digits and their marks.
        return value.for_postgresql() if dialect.name == "postgresql" else value.for_sqlite()


class TextList(TypeDecorator[list[str]]):
    """SQL type of a list of texts in one parameter, so that its length does not change the SQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else json.dumps(value)


class MessageMatches(ColumnElement[bool]):
    """Condition that the message with the id `column` matches the bound `terms` and `phrases`."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: Any) -> None:
        self.column = column
        self.terms = bindparam("terms", required=False, type_=FullTextQueryType())
        self.phrases = bindparam("phrases", required=False, type_=TextList())

    def self_group(self, against: Any = None) -> "MessageMatches":  # noqa: ARG002  the signature is SQLAlchemy's
        """Return the element itself: SQLAlchemy would write `IN (…) = 1` for SQLite, which uses no index."""
        return self

    def get_children(self, **_: Any) -> list[Any]:
        return [self.column, self.terms, self.phrases]

    def _copy_internals(self, clone: Any = None, **options: Any) -> None:
        self.column = clone(self.column, **options)


@compiles(MessageMatches, "sqlite")
def _matches_sqlite(element: MessageMatches, compiler: SQLCompiler, **options: Any) -> str:
    column, terms, phrases = (compiler.process(part, **options) for part in element.get_children())
    return (
        f"{column} IN (SELECT w.id FROM message_index "  # noqa: S608  parts that are compiled; values are bound
        "JOIN message_numbers AS n ON n.number = message_index.rowid "
        f"JOIN message_words AS w ON w.id = n.id WHERE message_index MATCH {terms} "
        f"AND NOT EXISTS (SELECT 1 FROM json_each({phrases}) AS phrase WHERE instr(w.words, phrase.value) = 0))"
    )


@compiles(MessageMatches, "postgresql")
def _matches_postgresql(element: MessageMatches, compiler: SQLCompiler, **options: Any) -> str:
    # ANY(ARRAY(…)) makes PostgreSQL read the index first. It cannot estimate how rare a word is and would otherwise
    # scan all messages from the newest on, expecting to fill a page soon. The tsvector expression must be exactly that
    # of the index.
    column, terms, phrases = (compiler.process(part, **options) for part in element.get_children())
    return (
        f"{column} = ANY (ARRAY(SELECT w.id FROM message_words AS w "  # noqa: S608  parts that are compiled; values are bound
        "WHERE array_to_tsvector(string_to_array(btrim(w.words || w.scope), ' ')) "
        f"@@ CAST(CAST({terms} AS text) AS tsquery) "
        f"AND NOT EXISTS (SELECT 1 FROM unnest(CAST({phrases} AS text[])) AS part WHERE strpos(w.words, part) = 0)))"
    )
