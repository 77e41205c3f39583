"""Hypothesis strategies for values of every column type."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from tables.types.types import ColumnType

plain = st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?", fullmatch=True)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)

shown_texts = words.filter(str.strip)

values: dict[ColumnType, st.SearchStrategy[object]] = {
    ColumnType.TEXT: shown_texts,
    ColumnType.INTEGER: st.integers(-(2**53) + 1, 2**53 - 1),
    ColumnType.DECIMAL: plain,
    ColumnType.CURRENCY: plain,
    ColumnType.PERCENT: plain,
    ColumnType.BOOLEAN: st.booleans(),
    ColumnType.DATE: st.dates(datetime(1000, 1, 1, tzinfo=UTC).date()).map(str),
    ColumnType.DATETIME: st.datetimes(datetime(1000, 1, 1)).map(lambda at: at.isoformat() + "Z"),  # noqa: DTZ001  # Hypothesis takes naive bounds
    ColumnType.SELECT: shown_texts,
    ColumnType.MULTI_SELECT: st.lists(shown_texts, min_size=1, max_size=5),
    ColumnType.EMAIL: st.emails(domains=st.just("example.org")),
    ColumnType.URL: st.just("https://example.org/?q=1,2"),
}
