"""Kinds of field accept only resolvers of the class that their output type shows: the type checker refuses others."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each line that ends in "# error" must be refused, and no other line.
SAMPLES = """
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from db.models.items import Item
from db.models.sites import Site
from resolvers.core.context import Info
from resolvers.core.pages import KeysetPage
from schema.base import Shows, TypeOf, batched_list, list_of, optional, output_type, required
from schema.connections import page
from schema.operations import mutation, subscription

@output_type
class ItemType(Shows[Item]):
    '''An item.'''

@dataclass
class ItemResult:
    item: Item

@dataclass
class SiteResult:
    site: Site

@output_type
class ItemPayload(Shows[ItemResult]):
    '''Result of a mutation.'''

def item_of(root: Any) -> Item: ...  # type: ignore[empty-body]
def site_of(root: Any) -> Site: ...  # type: ignore[empty-body]
async def load_item(root: Any, info: Info) -> Item: ...  # type: ignore[empty-body]
async def load_site(root: Any, info: Info) -> Site: ...  # type: ignore[empty-body]
async def find_item(root: Any, info: Info) -> Item | None: ...
async def find_site(root: Any, info: Info) -> Site | None: ...
async def list_items(root: Any, info: Info) -> list[Item]: ...  # type: ignore[empty-body]
async def list_sites(root: Any, info: Info) -> list[Site]: ...  # type: ignore[empty-body]
def page_items(root: Any, info: Info) -> KeysetPage[Item]: ...  # type: ignore[empty-body]
def page_sites(root: Any, info: Info) -> KeysetPage[Site]: ...  # type: ignore[empty-body]
async def batch_items(roots: Sequence[Any], info: Info) -> list[list[Item]]: ...  # type: ignore[empty-body]
async def batch_sites(roots: Sequence[Any], info: Info) -> list[list[Site]]: ...  # type: ignore[empty-body]
async def create_item(info: Info, title: str) -> ItemResult: ...  # type: ignore[empty-body]
async def create_site(info: Info, title: str) -> SiteResult: ...  # type: ignore[empty-body]
async def follow_items(info: Info) -> AsyncGenerator[Item, None]:
    yield item_of(None)
async def follow_sites(info: Info) -> AsyncGenerator[Site, None]:
    yield site_of(None)
def count(root: Any) -> int: ...  # type: ignore[empty-body]

required(ItemType, item_of, "")
required(ItemType, site_of, "")  # error
required(ItemType, load_item, "")
required(ItemType, load_site, "")  # error
required(TypeOf[Item], load_item, "")
required(TypeOf[Item], load_site, "")  # error
required(int, count, "")
required(str, count, "")  # error
optional(ItemType, find_item, "")
optional(ItemType, find_site, "")  # error
optional(TypeOf[Item], find_item, "")
optional(TypeOf[Item], find_site, "")  # error
optional(str, count, "")  # error
list_of(ItemType, list_items, "")
list_of(ItemType, list_sites, "")  # error
list_of(ItemType, load_item, "")  # error
batched_list(ItemType, batch_items, "")
batched_list(ItemType, batch_sites, "")  # error
page(ItemType, page_items, "")
page(ItemType, page_sites, "")  # error
page(TypeOf[Item], page_sites, "")  # error
mutation(ItemPayload, create_item, "")
mutation(ItemPayload, create_site, "")  # error
mutation(ItemType, create_item, "")  # error
subscription(ItemType, follow_items, "")
subscription(ItemType, follow_sites, "")  # error
"""


def test_a_resolver_of_another_row_is_a_type_error() -> None:
    # Without the project's configuration, which names files to check: mypy accepts files or a program, not both.
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--cache-dir=.mypy_cache/samples"]
    command = [sys.executable, "-m", "mypy", *options, "-c", SAMPLES]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    errors = [line for line in checked.stdout.splitlines() if ": error:" in line]
    refused = {int(line.split(":")[1]) for line in errors if line.startswith("<string>")}
    expected = {number for number, line in enumerate(SAMPLES.split("\n"), 1) if line.endswith("# error")}
    assert refused == expected, checked.stdout + checked.stderr
