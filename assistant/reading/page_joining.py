"""Joining of a table that goes on after a page break, under the same header."""

import re
from collections.abc import Sequence
from dataclasses import replace

from tables.grids import Grid

_PAGE_MARK = re.compile(
    r"""[-–—_=*#\s]*
    (?: (?:page|pg|seite|página|pagina|pág|pag|страница|стр|strona|str|bladzijde|side|sida|sivu|sayfa)\.?\s*\d{1,4}
        (?:\s*(?:/|of|von|de|di|из|z|van|av|af)\s*\d{1,4})?
      | \d{1,4}(?:\s*/\s*\d{1,4})? | 第\s*\d{1,4}\s*[页頁].{0,12} | \d{1,4}\s*ページ | 페이지\s*\d{1,4}
    )?
    [-–—_=*\s]*""",
    re.IGNORECASE | re.VERBOSE,
)


def join_pages(text: str, grids: Sequence[Grid]) -> list[Grid]:
    """Return the grids; those with the header of the one before and only a page's mark between are one."""
    joined: list[Grid] = []
    for grid in grids:
        if joined and _goes_on(text, joined[-1], grid):
            joined[-1] = _with_rows_of(joined[-1], grid)
        else:
            joined.append(grid)
    return joined


def _with_rows_of(grid: Grid, following: Grid) -> Grid:
    """Return a grid with the rows of the one that follows."""
    return replace(grid, rows=grid.rows + following.rows, end=following.end)


def _goes_on(text: str, grid: Grid, following: Grid) -> bool:
    names = [title if isinstance(title, str) else title.text for title in grid.header]
    is_same = grid.kind == following.kind and names == [
        title if isinstance(title, str) else title.text for title in following.header
    ]
    # Made-up names are the same in any two tables without a header.
    if not is_same or all(isinstance(title, str) for title in grid.header):
        return False
    is_named = following.name not in (None, grid.name) and not _PAGE_MARK.fullmatch(following.name or "")
    between = text[grid.end : following.start].splitlines()
    return not is_named and all(map(_PAGE_MARK.fullmatch, between))
