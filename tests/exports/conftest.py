"""Fixtures of exports: a product, users of it, and a loopback Google."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from auth.viewer import Viewer
from db.core.session import Session
from db.jobs import jobs
from db.models.exports import Export, ExportDestination
from db.models.users import User
from tests.support.in_process_product import EXPORT_ID, InProcessProduct
from tests.support.loopback.google_calls import SHARED_FOLDER
from tests.support.loopback.sheets import LoopbackSheets, loopback_sheets
from tests.support.sheet_story import SheetStory
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World


@pytest.fixture
def product(world: World, tmp_path: Path) -> InProcessProduct:
    return InProcessProduct(world, tmp_path)


async def _verified(world: World, name: str) -> Viewer:
    """Return a person whose address is verified: without, the service account opens no sheet for them."""
    viewer = await world.person(name)

    def unit(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_email_verified = True

    await world.database.write(unit, SYSTEM)
    return viewer


@pytest.fixture
async def ann(world: World) -> Viewer:
    return await _verified(world, "ann")


@pytest.fixture
async def bob(world: World) -> Viewer:
    return await _verified(world, "bob")


@pytest.fixture
def google(product: InProcessProduct, tmp_path: Path) -> Iterator[LoopbackSheets]:
    with loopback_sheets() as server:
        file = server.service_account(tmp_path)
        product.use(google_service_account_file=file, google_drive_folder=SHARED_FOLDER, google_sheets_url=server.url)
        yield server


@pytest.fixture
async def export_file(product: InProcessProduct, ann: Viewer) -> str:
    """Return the path of the file of an export that ann may see."""
    table_id = await product.table(ann)

    def unit(session: Session) -> None:
        organization_id = personal_organization(session)
        job = jobs.enqueue(session, "export", organization_id)
        export = Export(id=UUID(hex=EXPORT_ID), table_id=table_id, job_id=job.id, destination=ExportDestination.CSV)
        export.organization_id, export.owner_id = organization_id, session.user_id
        session.add(export)

    await product.database.write(unit, ann)
    product.files.mkdir()
    (product.files / f"{EXPORT_ID}.csv").write_text("a,b\r\n1,2\r\n", newline="")
    assert ann.user_id is not None
    return f"/exports/{EXPORT_ID}/{ann.user_id.hex}/Costs.csv"


@pytest.fixture
async def story(product: InProcessProduct, ann: Viewer, google: LoopbackSheets) -> SheetStory:
    """Table of Ann with three rows, which is not exported yet."""
    story = SheetStory(product, ann, google)
    await story.begin()
    return story
