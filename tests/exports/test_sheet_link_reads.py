"""Reads of the links of tables to sheets: as many for one table as for several."""

from uuid import uuid4

from db.core.session import Session
from db.exports import sheet_links
from db.exports.sheet_options import SheetOutcome
from db.models.exports import Export
from resolvers.core.ids import decode_id
from tests.support.app import App
from tests.support.tables.exported_files import finished

QUERY = """{ tables { nodes { name sheetLinks {
  id spreadsheetUrl sheetName mode status lastRevision lastSyncedAt error { code } table { name } createdBy { name }
} } } }"""


async def test_the_links_of_all_tables_of_a_list_are_read_together(app: App) -> None:
    ann = await app.person("ann")
    viewer, reads = await app.viewer(ann), []
    for count in (1, 3):
        for number in range(count):
            columns = [{"name": "Item", "type": "TEXT"}]
            created = await ann.mutate("createTable", "{ table { id } }", name=f"T{number}", columns=columns)
            export = await finished(ann, created["table"]["id"], destination="CSV")

            def link(session: Session, id_: str = export["id"]) -> None:
                for name in ("Costs", "Prices"):
                    url = "https://docs.google.com/spreadsheets/d/x/edit"
                    outcome = SheetOutcome(1, 1, uuid4().hex, url, name, 1, None, {})
                    sheet_links.create(session, session.get(Export, decode_id(id_, Export)), outcome)

            await app.backend.database.write(link, viewer)
        fewest = 1_000
        for _ in range(3):  # background work reads too
            app.reads.clear()
            nodes = (await ann.run(QUERY))["tables"]["nodes"]
            fewest = min(fewest, len(app.reads))
        assert [len(node["sheetLinks"]) for node in nodes] == [2] * (1 if count == 1 else 4)
        reads.append(fewest)
    assert reads[0] == reads[1]
