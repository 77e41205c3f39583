"""Groups in a header: over which columns each of them stands, told by their middles."""

from collections.abc import Sequence

_SKIPPED = 0.2  # of that distance: the cost of a column without a group
_OFF = 0.38  # of the distance between columns, by which a group may be off the middle of its columns


def tiles(groups: Sequence[float], lefts: Sequence[float], rights: Sequence[float]) -> list[list[int]] | None:
    """Return the columns of each group so that each is at the middle of its own; None when that cannot be.

    `groups` are the middles of the groups, the others the edges of columns. Columns between may have no group.
    """
    count, width = len(groups), len(lefts)
    if not 0 < count <= width or width > 80:
        return None
    pitch = (rights[-1] - lefts[0]) / width
    skipped = _SKIPPED * pitch
    # The cost and the columns of the groups so far, by the column behind the last of them.
    best: dict[int, tuple[float, tuple[tuple[int, int], ...]]] = {0: (0.0, ())}
    for group in groups:
        following: dict[int, tuple[float, tuple[tuple[int, int], ...]]] = {}
        for last, (cost, spans) in best.items():
            for start in range(last, width):
                for end in range(start + 1, width + 1):
                    off = abs((lefts[start] + rights[end - 1]) / 2 - group)
                    if off > _OFF * pitch:
                        continue
                    candidate = (cost + off + skipped * (start - last), (*spans, (start, end)))
                    if end not in following or candidate[0] < following[end][0]:
                        following[end] = candidate
        best = following
    if not best:
        return None
    spans = min(((cost + skipped * (width - end), spans) for end, (cost, spans) in best.items()))[1]
    return [list(range(a, b)) for a, b in spans]
