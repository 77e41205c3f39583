"""Complete elements of large XML files, one at a time; the elements around them are freed as they end."""

from collections.abc import Callable, Iterator
from typing import IO
from xml.etree.ElementTree import Element, iterparse

from integrations.documents.failures import DocumentRefused

MAX_DEPTH = 100  # elements within each other; a sheet has about 8
MAX_HELD = 300_000  # elements within one that is yielded; a row of 16,384 cells has about 100,000
TOO_DEEP = "The workbook's XML is nested too deep: save the workbook again, then send it."
TOO_WIDE = "A row of the workbook has too many cells: save the workbook again, then send it."


def elements(part: IO[bytes], *names: str) -> Iterator[Element]:
    """Yield the elements of these names in the namespace of the outermost one. Raises DocumentRefused."""

    def tags(root: str) -> frozenset[str]:
        namespace = "".join(root.rpartition("}")[:2])
        return frozenset(f"{namespace}{name}" for name in names)

    for _, element in walk(part, tags):
        yield element


def walk(
    part: IO[bytes], container_tags: Callable[[str], frozenset[str]], marks: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Element]]:
    """Yield the ends of the elements of `container_tags` with their content, and starts and ends of `marks` without.

    `container_tags` returns the tags for that of the outermost element. Raises DocumentRefused.
    """
    around: list[Element] = []
    tags: frozenset[str] = frozenset()
    holding = count = 0
    for event, element in iterparse(part, ("start", "end")):  # noqa: S314  in a process with limits; expat ends bombs
        tag = element.tag
        if event == "start":
            tags = tags or container_tags(tag)
            around.append(element)
            count = count + 1 if holding else 0  # rows follow each other: each begins a count of its own
            holding += tag in tags
            _refuse_bombs(len(around), count)
            if tag in marks:
                yield event, element
        else:
            around.pop()
            if tag in tags or tag in marks:
                yield event, element
                holding -= tag in tags
            if not holding and around:
                around[-1].clear()


def _refuse_bombs(depth: int, count: int) -> None:
    if depth > MAX_DEPTH:
        raise DocumentRefused(TOO_DEEP)
    if count > MAX_HELD:
        raise DocumentRefused(TOO_WIDE)
