"""Storage of an organization: the sizes of its exported files and attachments."""

from datetime import timedelta

from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.jobs import Job
from tests.support.app import App
from tests.support.tables.exported_files import exported
from tests.support.world import SYSTEM

SHOWN = """{ organizations { nodes { name isPersonal exports { totalCount }
  storage { tableBytes totalBytes exportCount exportBytes attachmentCount attachmentBytes } } } }"""


async def test_files_of_exports_and_attachments_count_until_they_are_erased(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    columns = [{"name": "Item", "type": "TEXT"}]
    created = await ann.mutate("createTable", "{ table { id } }", name="Costs", columns=columns, organizationId=works)
    sizes = [len(await exported(ann, created["table"]["id"], destination=kind)) for kind in ("CSV", "JSON")]
    files = {"attachments.0": ("tea.txt", b"Tea, please")}
    await ann.upload("sendMessage", "{ reply { id } }", files, text="Read it", attachments=[None], wait=True)
    app.reads.clear()
    displayed = {each["isPersonal"]: each for each in (await ann.run(SHOWN))["organizations"]["nodes"]}
    assert displayed[False]["exports"] == {"totalCount": 2}
    table_bytes = displayed[False]["storage"]["tableBytes"]
    assert table_bytes > 0
    assert displayed[False]["storage"] == {
        "tableBytes": table_bytes,
        "totalBytes": sum(sizes) + table_bytes,
        "exportCount": 2,
        "exportBytes": sum(sizes),
        "attachmentCount": 0,
        "attachmentBytes": 0,
    }
    assert (displayed[True]["storage"]["attachmentCount"], displayed[True]["storage"]["attachmentBytes"]) == (1, 11)
    seen = {each["isPersonal"]: each for each in (await bob.run(SHOWN))["organizations"]["nodes"]}
    assert seen[False]["storage"]["exportCount"] == 0  # bob sees none of them

    def age(session: Session) -> None:
        for job in session.scalars(select(Job).where(Job.kind == "export")):
            assert job.finished_at is not None
            job.finished_at = now() - timedelta(days=app.backend.settings.export_retention_days, seconds=1)

    await app.backend.database.write(age, SYSTEM)
    displayed = {each["isPersonal"]: each for each in (await ann.run(SHOWN))["organizations"]["nodes"]}
    assert (displayed[False]["storage"]["exportCount"], displayed[False]["exports"]["totalCount"]) == (0, 2)
