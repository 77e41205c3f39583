"""Short ways to look at a grid."""

from tables.grids import Grid, find_grids


def header(grid: Grid) -> list[str]:
    return [title if isinstance(title, str) else title.text for title in grid.header]


def rows(grid: Grid) -> list[list[str | None]]:
    return [[cell.text if cell else None for cell in row] for row in grid.rows]


def only(text: str) -> Grid:
    (grid,) = find_grids(text)
    return grid
