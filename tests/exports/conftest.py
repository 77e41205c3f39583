"""Fixtures of exports: a product, users of it, and a loopback Google."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth.viewer import Viewer
from tests.support.in_process_product import EXPORT_ID, InProcessProduct
from tests.support.loopback.google_calls import SHARED_FOLDER
from tests.support.loopback.sheets import LoopbackSheets, loopback_sheets
from tests.support.world import World


@pytest.fixture
def product(world: World, tmp_path: Path) -> InProcessProduct:
    return InProcessProduct(world, tmp_path)


@pytest.fixture
async def ann(world: World) -> Viewer:
    return await world.person("ann")


@pytest.fixture
async def bob(world: World) -> Viewer:
    return await world.person("bob")


@pytest.fixture
def google(product: InProcessProduct, tmp_path: Path) -> Iterator[LoopbackSheets]:
    with loopback_sheets() as server:
        file = server.service_account(tmp_path)
        product.use(google_service_account_file=file, google_drive_folder=SHARED_FOLDER, google_sheets_url=server.url)
        yield server


@pytest.fixture
def export_file(product: InProcessProduct) -> str:
    """Return the path of a file that exists."""
    product.files.mkdir()
    (product.files / f"{EXPORT_ID}.csv").write_text("a,b\r\n1,2\r\n", newline="")
    return f"/exports/{EXPORT_ID}/Costs.csv"
