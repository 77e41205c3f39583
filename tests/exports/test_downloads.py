"""Download links: what they open, for how long, and what they never open."""

from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from auth.links import sign
from auth.viewer import Viewer
from db.core.base import now
from tests.support.in_process_product import EXPORT_ID, SECRET, InProcessProduct

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
        ("Été 2026", "attachment; filename*=utf-8''%C3%89t%C3%A9%202026.csv"),
        ("100% & co", "attachment; filename*=utf-8''100%25%20%26%20co.csv"),
        ('a/b\\c:"d"\r\n', "attachment; filename*=utf-8''a%20b%20c%20d.csv"),
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
        f"/exports/{'e' * 32}/Costs.csv",
        f"/exports/{EXPORT_ID}/Costs.part",
        f"/exports/{EXPORT_ID}/Costs",
        f"/exports/{EXPORT_ID.upper()}/Costs.csv",
        f"/exports/.{EXPORT_ID}/Costs.csv",
        "/exports/..%2Fdatabase/Costs.csv",
        f"/exports/{EXPORT_ID}/..%2F..%2Fetc.csv",
    ],
)
async def test_even_a_signature_opens_nothing_but_files_of_exports(
    product: InProcessProduct, export_file: str, path: str
) -> None:
    (product.files / f".{EXPORT_ID}.csv").write_text("secret")
    (product.files / f"{EXPORT_ID}.part").write_text("secret")
    (product.files.parent / "database.csv").write_text("secret")
    for signed in (path, unquote(path)):
        answer = await product.open(link(signed))
        assert answer.status_code in (403, 404)
        assert set(answer.json()) == {"detail", "status_code", "type", "field_errors"}


async def test_a_file_that_is_gone_is_said_to_be_gone(product: InProcessProduct, export_file: str) -> None:
    (product.files / f"{EXPORT_ID}.csv").unlink()
    answer = await product.open(link(export_file))
    assert answer.status_code == 404
    assert answer.json() == error(404, "NOT_FOUND", "This file does not exist any more. Export the table again.")
