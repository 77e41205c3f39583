"""Where a new message stands in the tree of its conversation."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from db.messages import Message

Obtain = Callable[[UUID], "Message"]


def after(parent: "Message | None", obtain: Obtain) -> dict[str, Any]:
    """The columns that put a new message after another one, or at the beginning; `obtain` reads an ancestor."""
    if parent is None:
        return {"depth": 1, "jump_depth": 0}
    jump_id, jump_depth = _jump(parent, obtain)
    return {"parent_id": parent.id, "depth": parent.depth + 1, "jump_id": jump_id, "jump_depth": jump_depth}


def _jump(parent: "Message", obtain: Obtain) -> tuple[UUID | None, int]:
    """Where a child of `parent` jumps: over two jumps of the same length at once, else to the parent.

    The lengths are then those of a skew binary counter, and the way to any ancestor takes at most about two
    steps for each doubling of the depth (E. W. Myers, "An applicative random-access stack", 1983).
    """
    if parent.jump_id is not None:
        middle = obtain(parent.jump_id)
        if parent.depth - middle.depth == middle.depth - middle.jump_depth:
            return middle.jump_id, middle.jump_depth
    return parent.id, parent.depth
