"""Mails of exports: a link that downloads the file, or the reason of the failure."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from jobs.exports import exports
from jobs.runner.job_run import JobFailure
from tests.support.app import open_app
from tests.support.mailbox import Mailbox, html_text, plain_text
from tests.support.tables.exported_files import finished


async def test_a_finished_export_is_mailed_as_a_link_and_a_failed_one_with_its_reason(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(database_url, tmp_path, public_url="http://site/") as app:
        ann, mailbox = await app.sign_up("ann"), Mailbox(app, tmp_path / "mail")
        columns = [{"name": "Item", "type": "TEXT"}]
        created = await ann.mutate("createTable", "{ table { id } }", name="Köln <b> & 1/2", columns=columns)
        table = created["table"]["id"]
        await ann.mutate("addRows", "{ revision { number } }", tableId=table, rows=[{"Item": "Tea"}] * 2)
        await finished(ann, table, destination="CSV")
        letter = (await mailbox.letters(2))[-1]
        assert letter["Subject"] == "The export of Köln <b> & 1/2 is finished"
        assert "It has 2 rows." in plain_text(letter)
        assert "<b>" not in html_text(letter)
        (link,) = re.findall(r"^    (http://site/exports/\S+)$", plain_text(letter), re.MULTILINE)
        assert unquote(link).partition("?")[0].endswith("/Köln b & 1 2.csv")
        response = await ann.http.get(link)
        assert (response.status_code, response.text) == (200, "\ufeffItem\r\nTea\r\nTea\r\n")

        def fail(*_: object) -> int:
            raise JobFailure("CONFLICT", "The disk is <full>.")

        monkeypatch.setattr(exports, "write_file", fail)
        await finished(ann, table, destination="CSV")
        letter = (await mailbox.letters(3))[-1]
        assert "failed: The disk is <full>." in plain_text(letter)
        assert "failed: The disk is &lt;full&gt;." in html_text(letter)
        assert "http" not in plain_text(letter).partition("-- ")[0]
