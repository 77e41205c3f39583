"""Download links: what they open, for how long, and what they never open."""

from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest

from auth.links import sign
from auth.viewer import Viewer
from db.core.base import Base, Visibility, now
from db.core.session import Session
from db.models.memberships import Membership
from db.models.tables import Table
from db.models.users import User
from tests.support.in_process_product import EXPORT_ID, SECRET, SHOW, InProcessProduct
from tests.support.world import SYSTEM
from transport.routes.downloads import GONE

# Links do not depend on the kind of database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def link(path: str, *, minutes: int = 5, secret: bytes = SECRET) -> str:
    return sign(secret, path, expires_at=now() + timedelta(minutes=minutes))


def error(status: int, type: str, detail: str) -> dict[str, Any]:
    return {"detail": detail, "status_code": status, "type": type, "field_errors": []}


async def test_a_link_opens_a_file_to_keep(product: InProcessProduct, export_file: str) -> None:
    answer = await product.open(link(export_file))
    assert (answer.status_code, answer.text) == (200, "a,b\r\n1,2\r\n")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="Costs.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("Été 2026", "attachment; filename=\"Ete 2026.csv\"; filename*=UTF-8''%C3%89t%C3%A9%202026.csv"),
        ("100% & co", "attachment; filename=\"100_ & co.csv\"; filename*=UTF-8''100%25%20%26%20co.csv"),
        ('a/b\\c:"d"\r\n', 'attachment; filename="a b c d.csv"'),
        ("表 🙂", "attachment; filename=\"_ _.csv\"; filename*=UTF-8''%E8%A1%A8%20%F0%9F%99%82.csv"),
        ("..", 'attachment; filename="table.csv"'),
    ],
)
async def test_any_name_of_a_table_makes_a_link_that_works(
    product: InProcessProduct, ann: Viewer, name: str, disposition: str
) -> None:
    product.use(public_url="https://sheets.example/", download_link_minutes=7)
    async with product.working():
        done = await product.over(ann, (await product.start(ann, await product.table(ann, name=name)))["id"])
    assert done["url"].startswith("https://sheets.example/exports/")
    parts = urlsplit(done["url"])
    answer = await product.open(f"{parts.path}?{parts.query}")
    assert (answer.status_code, answer.headers["content-disposition"]) == (200, disposition)
    expires = int(parts.query.removeprefix("expires=").partition("&")[0])
    assert 6 * 60 < expires - now().timestamp() <= 7 * 60
    # A client may write the same address in other escapes.
    assert (await product.open(f"{parts.path.replace('%20', ' ')}?{parts.query}")).status_code == 200


async def test_a_link_works_only_for_its_time(product: InProcessProduct, export_file: str) -> None:
    answer = await product.open(link(export_file, minutes=-1))
    assert answer.status_code == 403
    assert answer.json() == error(403, "FORBIDDEN", "This link has expired: ask for a new link.")


async def test_a_link_opens_only_the_file_that_it_was_signed_for(product: InProcessProduct, export_file: str) -> None:
    (product.files / f"{'f' * 32}.csv").write_text("secret")
    good = link(export_file)
    forged = [
        export_file,
        good.replace(EXPORT_ID, "f" * 32),
        good.replace("Costs.csv", "Costs.xlsx"),
        good.replace("Costs.csv", "Other.csv"),
        good.replace("expires=", "expires=9"),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        link(export_file, secret=b"x" * 32),
        f"{good.partition('&')[0]}&signature=",
    ]
    for url in forged:
        answer = await product.open(url)
        assert answer.status_code == 403
        message = "This link is not valid: ask for a new link, and copy the whole of it."
        assert answer.json() == error(403, "FORBIDDEN", message)


@pytest.mark.parametrize(
    "path",
    [
        f"/exports/{'e' * 32}/USER/Costs.csv",
        f"/exports/{EXPORT_ID}/USER/Costs.part",
        f"/exports/{EXPORT_ID}/USER/Costs",
        f"/exports/{EXPORT_ID.upper()}/USER/Costs.csv",
        f"/exports/.{EXPORT_ID}/USER/Costs.csv",
        "/exports/..%2Fdatabase/USER/Costs.csv",
        f"/exports/{EXPORT_ID}/USER/..%2F..%2Fetc.csv",
        f"/exports/{EXPORT_ID}/{'e' * 32}/Costs.csv",
        f"/exports/{EXPORT_ID}/nobody/Costs.csv",
    ],
)
async def test_even_a_signature_opens_nothing_but_files_of_exports(
    product: InProcessProduct, export_file: str, path: str
) -> None:
    (product.files / f".{EXPORT_ID}.csv").write_text("secret")
    (product.files / f"{EXPORT_ID}.part").write_text("secret")
    (product.files.parent / "database.csv").write_text("secret")
    path = path.replace("USER", export_file.split("/")[3])
    for signed in (path, unquote(path)):
        answer = await product.open(link(signed))
        assert answer.status_code in (403, 404)
        assert set(answer.json()) == {"detail", "status_code", "type", "field_errors"}


async def test_a_link_has_the_rights_that_its_user_has_when_it_is_used(product: InProcessProduct, ann: Viewer) -> None:
    bob = await product.world.person("bob")
    organization = await product.world.organization(ann)
    membership = await product.world.join(organization, bob)
    table = await product.table(ann, organization=organization, visibility=Visibility.ORGANIZATION)
    async with product.working():
        export = await product.over(bob, (await product.start(bob, table))["id"])
    for_admin = (await product.get(ann, SHOW, id=export["id"]))["url"]
    assert bob.user_id is not None
    for model, id_, lost, restored in (
        (Table, table, {"visibility": Visibility.PRIVATE}, {"visibility": Visibility.ORGANIZATION}),
        (Membership, membership, {"deleted_at": now()}, {"deleted_at": None}),
        (User, bob.user_id, {"deactivated_at": now()}, {"deactivated_at": None}),
    ):
        assert (await product.open(export["url"])).status_code == 200
        await product.change(model, id_, **lost)
        answer = await product.open(export["url"])
        assert (answer.status_code, answer.json()["detail"]) == (404, GONE)
        assert (await product.open(for_admin)).status_code == 200
        await restore(product, model, id_, restored)


async def restore(product: InProcessProduct, model: type[Base], id_: UUID, values: dict[str, Any]) -> None:
    def unit(session: Session) -> None:
        is_deleted = "deleted_at" in values
        row = session.get_deleted_for_update(model, id_) if is_deleted else session.get(model, id_)
        for name, value in values.items():
            setattr(row, name, value)

    await product.database.write(unit, SYSTEM)


@pytest.mark.parametrize(
    ("sent", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"b\r\n", "bytes 2-4/10"),
        ("bytes=5-", 206, b"1,2\r\n", "bytes 5-9/10"),
        ("bytes=-2", 206, b"\r\n", "bytes 8-9/10"),
        ("bytes=0-999", 206, b"a,b\r\n1,2\r\n", "bytes 0-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("lines=1-2", 200, b"a,b\r\n1,2\r\n", None),
        ("bytes=x", 200, b"a,b\r\n1,2\r\n", None),
        ("bytes=", 200, b"a,b\r\n1,2\r\n", None),
    ],
)
async def test_a_part_of_a_file_can_be_fetched(
    product: InProcessProduct, export_file: str, sent: str, status: int, content: bytes | None, content_range: str
) -> None:
    answer = await product.open(link(export_file), range=sent)
    assert (answer.status_code, answer.headers.get("content-range")) == (status, content_range)
    if content is not None:
        assert (answer.content, answer.headers["content-length"]) == (content, str(len(content)))
        assert answer.headers["accept-ranges"] == "bytes"


async def test_a_download_goes_on_where_it_was_cut_off_unless_the_file_is_another(
    product: InProcessProduct, export_file: str
) -> None:
    whole = await product.open(link(export_file))
    etag = whole.headers["etag"]
    rest = await product.open(link(export_file), **{"range": "bytes=4-", "if-range": etag})
    assert (rest.status_code, whole.content[:4] + rest.content) == (206, whole.content)
    (product.files / f"{EXPORT_ID}.csv").write_text("another")
    again = await product.open(link(export_file), **{"range": "bytes=4-", "if-range": etag})
    assert (again.status_code, again.text) == (200, "another")


async def test_a_file_that_is_gone_is_said_to_be_gone(product: InProcessProduct, export_file: str) -> None:
    (product.files / f"{EXPORT_ID}.csv").unlink()
    answer = await product.open(link(export_file))
    assert answer.status_code == 404
    assert answer.json() == error(404, "NOT_FOUND", GONE)
