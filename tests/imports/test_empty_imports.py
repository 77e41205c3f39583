"""Empty imports: refused with a sentence that says what to send."""

import pytest

from tests.support.app import App
from tests.support.client import Refused
from tests.support.loopback.workbooks import book

PAYLOAD = "{ rowCount columns { name } table { id } }"
EMPTY_TEXT = "The text is empty. Send a header row and at least one row of values."
EMPTY_FILE = "The file is empty. Send a file with content."
NO_ROWS = "Nothing to import: no row has a value. Send a header row and at least one row of values."


@pytest.mark.parametrize(
    ("text", "message"),
    [("", EMPTY_TEXT), (" \n\n", NO_ROWS), (",,\n,,\n", NO_ROWS), ("[]", NO_ROWS), ("<table></table>", NO_ROWS)],
)
async def test_an_empty_text_is_refused(app: App, text: str, message: str) -> None:
    ann = await app.person()
    error = await ann.refused("importTable", text=text)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["fieldErrors"] == [{"field": "text", "message": message}]
    assert (await ann.run("{ tables { totalCount } }"))["tables"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", EMPTY_FILE), (b"\n", NO_ROWS), (b"\xef\xbb\xbf", NO_ROWS), (book([]), NO_ROWS)],
    ids=["nothing", "a line break", "a byte order mark", "a workbook"],
)
async def test_an_empty_file_is_refused(app: App, content: bytes, message: str) -> None:
    ann = await app.person()
    with pytest.raises(Refused) as refused:
        await ann.upload("importTable", PAYLOAD, {"file": ("empty.csv", content)}, file=None)
    (error,) = refused.value.errors
    assert error["extensions"]["fieldErrors"] == [{"field": "file", "message": message}]


async def test_a_header_without_rows_makes_an_empty_table(app: App) -> None:
    ann = await app.person()
    result = await ann.mutate("importTable", PAYLOAD, text="Item,Price\n")
    assert (result["rowCount"], result["columns"]) == (0, [{"name": "Item"}, {"name": "Price"}])
    assert result["table"] is not None
