"""Reports through the API: contents, files, schedules, rights, mails and webhooks."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.jobs import Job, JobStatus
from db.models.memberships import Membership
from db.models.reports import Report, ReportSchedule
from db.reports import reports
from db.reports.periods import next_end
from jobs.reports.schedule import ReportScheduler
from resolvers.core.ids import decode
from tests.reports.client import DAY, PERIOD, create_report, finished_report, read_page, read_workbook, spend
from tests.support.app import App, open_app
from tests.support.mailbox import Mailbox, html_text, plain_text
from tests.support.world import SYSTEM

ANN, BEN = "Ann Lee (ann@example.com)", "Ann Lee (ben@example.com)"
HOSTILE = "=1+1 <b>Köln</b> & \u202e'\"😀"


async def test_usage_is_reported_by_day_and_member_within_the_rights_of_the_owner(app: App) -> None:
    ann, ben = await app.sign_up("ann"), await app.sign_up("ben")
    works = await app.organization(ann, ben)
    for person, tokens in ((ann, 30), (ben, 5)):
        created = await person.mutate("createConversation", "{ conversation { id } }", organizationId=works)
        conversation = created["conversation"]["id"]
        await person.mutate("sendMessage", "{ reply { id } }", conversationId=conversation, text="Hi", wait=True)
        await spend(app, person, conversation, tokens)
        await person.mutate(
            "createTable", "{ table { id } }", name="T", columns=[{"name": "A", "type": "TEXT"}], organizationId=works
        )
    today = now().date().isoformat()
    row: list[Any] = [1, 30, 60, Decimal("0.00000009"), 1, 0]
    expected: dict[str, list[Any]] = {
        "ann": [2, 35, 70, Decimal("0.000000105"), 2, 0],
        "ben": [1, 5, 10, Decimal("0.000000015"), 1, 0],
    }
    for name, person in (("ann", ann), ("ben", ben)):
        workbook = await read_workbook(person, await finished_report(person, await create_report(person, works)))
        days = {line[0]: line[1:] for line in workbook["By day"]}
        assert [Decimal(str(cell)) for cell in days[today]] == [Decimal(one) for one in expected[name]]
        assert sum(line[1] for line in workbook["By day"]) == expected[name][0]
        assert len(workbook["By day"]) == 8
        members = {line[0]: line[1:] for line in workbook["By member"]}
        assert set(members) == ({ANN, BEN} if name == "ann" else {"Ann Lee"})
        if name == "ann":
            assert [Decimal(str(cell)) for cell in members[ANN]] == [Decimal(one) for one in row]
            assert [line[:2] for line in workbook["By day and member"]] == [[today, ANN], [today, BEN]]


async def test_a_page_and_a_workbook_show_hostile_names_as_text_and_load_nothing(app: App) -> None:
    ann = await app.sign_up("ann")
    works = (await ann.mutate("createOrganization", "{ organization { id } }", name=HOSTILE))["organization"]["id"]
    columns: list[dict[str, Any]] = [
        {"name": HOSTILE, "type": "SELECT", "options": [HOSTILE, "b"]},
        {"name": "Price", "type": "CURRENCY", "format": "EUR"},
        {"name": "Empty", "type": "DATE"},
        {"name": "Summary", "type": "BOOLEAN"},
    ]
    created = await ann.mutate("createTable", "{ table { id } }", name=HOSTILE, columns=columns, organizationId=works)
    table, rows = (
        created["table"]["id"],
        [{HOSTILE: HOSTILE, "Price": "1.10"}, {HOSTILE: "b", "Price": "2"}, {"Price": "0"}],
    )
    await ann.mutate("addRows", "{ revision { number } }", tableId=table, rows=rows)
    report = await finished_report(ann, await create_report(ann, works, kind="TABLE_SUMMARY", tableId=table))
    assert report["table"]["id"] == table
    page, headers = await read_page(ann, report)
    assert "script" not in page
    assert page.count("<svg") == page.count("</svg>") >= 4
    assert "<b>Köln" not in page
    assert re.findall(r"""(?:src|href|action)=|url\(|@import""", page) == []
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert f"Summary of {HOSTILE}" in text_of_page(page)
    workbook = await read_workbook(ann, report)
    by_name = {line[0]: line[1:] for line in workbook["Columns"]}
    assert by_name["Price"] == ["CURRENCY", 3, 0, "3.1 EUR", "0 EUR", "2 EUR", "1.033333 EUR"]
    assert by_name[HOSTILE][:3] == ["SELECT", 2, 1]
    assert by_name["Empty"][:3] == ["DATE", 0, 3]
    values = {line[0]: line[1] for name, lines in workbook.items() for line in lines if "Köln" in name}
    assert values == {HOSTILE: 1, "b": 1, "(empty)": 1}
    await ann.mutate("deleteTable", "{ deletedId }", id=table)
    assert (await ann.http.get(report["url"])).status_code == 404


def text_of_page(page: str) -> str:
    """Return the text that a browser shows."""
    parts: list[str] = []
    parser: Any = HTMLParser()
    parser.handle_data = parts.append
    parser.feed(page)
    return "".join(parts)


async def test_site_activity_counts_what_each_member_may_see(app: App) -> None:
    ann, ben = await app.sign_up("ann"), await app.sign_up("ben")
    works = await app.organization(ann, ben)
    site = (await ann.mutate("createSite", "{ site { id } }", organizationId=works, name="Depot"))["site"]["id"]
    moment = (now() - timedelta(hours=1)).isoformat()
    for name, status in (("Pump", "ACTIVE"), ("Fan", "OFFLINE")):
        created = await ann.mutate(
            "createModule", "{ module { id } }", siteId=site, name=name, kind="pump", status=status
        )
        readings = [{"moduleId": created["module"]["id"], "metric": "flow", "value": 1.5, "at": moment}]
        early = {**readings[0], "at": (now() - timedelta(days=60)).isoformat()}
        await ann.mutate("recordReadings", "{ count }", readings=[*readings, early])
    await ann.mutate("createItem", "{ item { id } }", title="Oil", siteId=site, organizationId=works)
    await ann.mutate("createConversation", "{ conversation { id } }", organizationId=works, siteId=site)
    report = await finished_report(ann, await create_report(ann, works, kind="SITE_ACTIVITY"))
    workbook = await read_workbook(ann, report)
    assert workbook["Sites"] == [["Depot", 1, 0, 1, 0, 2, 1, 1, 1]]
    assert sum(line[1] for line in workbook["Readings by day"]) == 2
    assert [line[:4] for line in workbook["Modules"]] == [
        ["Depot", "Fan", "pump", "OFFLINE"],
        ["Depot", "Pump", "pump", "ACTIVE"],
    ]
    hidden = await finished_report(ben, await create_report(ben, works, kind="SITE_ACTIVITY"))
    assert (await read_workbook(ben, hidden))["Sites"] == []


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"to": PERIOD["from"]}, "BAD_USER_INPUT", "to"),
        ({"from": "2020-01-01T00:00:00Z"}, "BAD_USER_INPUT", "from"),
        ({"kind": "TABLE_SUMMARY"}, "BAD_USER_INPUT", "tableId"),
        ({"organizationId": "x"}, "NOT_FOUND", "organizationId"),
    ],
)
async def test_a_wrong_report_is_refused_at_its_field_and_not_made(
    app: App, wrong: dict[str, Any], code: str, field: str
) -> None:
    ann = await app.sign_up("ann")
    works = await app.organization(ann)
    error = await ann.refused("createReport", **({"kind": "USAGE", "organizationId": works, **PERIOD} | wrong))
    assert error["extensions"]["code"] == code
    assert error["extensions"]["fieldErrors"][0]["field"] == field
    assert (await ann.run("{ reports { totalCount } jobs(kind: REPORT) { totalCount } }")) == {
        "reports": {"totalCount": 0},
        "jobs": {"totalCount": 0},
    }


async def test_a_link_ends_with_the_membership_and_a_changed_one_opens_nothing(app: App) -> None:
    ann, ben = await app.sign_up("ann"), await app.sign_up("ben")
    works = await app.organization(ann, ben)
    report = await finished_report(ben, await create_report(ben, works))
    url = report["url"]
    assert (await ben.http.get(url)).status_code == 200
    for changed in (url.replace("report.html", "report.xlsx"), url.replace("expires=", "expires=1"), url[:-2]):
        assert (await ben.http.get(changed)).status_code == 403
    seen = await ann.run("query R($id: ID!) { report(id: $id) { id } }", id=report["id"])
    assert seen["report"] is not None

    def leave(session: Session) -> None:
        owner = decode(report["organization"]["id"])
        assert owner is not None
        query = select(Membership).where(Membership.organization_id == owner[1])
        for membership in session.scalars(query).all():
            if membership.role.value == "MEMBER":
                membership.deleted_at = now()

    await app.backend.database.write(leave, SYSTEM)
    assert (await ben.http.get(url)).status_code == 404


async def test_a_schedule_makes_each_report_once_and_ends_when_it_is_canceled(app: App) -> None:
    ann = await app.sign_up("ann")
    works, database = await app.organization(ann), app.backend.database
    week_ago = (now() - timedelta(days=7)).replace(microsecond=0)
    first = await create_report(
        ann, works, **{"from": (week_ago - 7 * DAY).isoformat(), "to": week_ago.isoformat(), "schedule": "WEEKLY"}
    )
    report = await finished_report(ann, first)
    assert datetime.fromisoformat(report["nextAt"]) == week_ago + 7 * DAY
    schedulers = [ReportScheduler(database) for _ in range(3)]
    for _ in range(2):
        for scheduler in schedulers:
            await scheduler.start_due()
    nodes = (await ann.run("{ reports { nodes { id from to schedule nextAt } } }"))["reports"]["nodes"]
    assert [(node["from"], node["to"], node["schedule"]) for node in nodes] == [
        (week_ago.isoformat(), (week_ago + 7 * DAY).isoformat(), "WEEKLY"),
        (report["from"], report["to"], "WEEKLY"),
    ]
    assert {datetime.fromisoformat(node["nextAt"]) for node in nodes} == {week_ago + 14 * DAY}
    await finished_report(ann, nodes[0]["id"])
    canceled = await ann.mutate("cancelReport", "{ report { nextAt status } }", id=nodes[0]["id"])
    assert canceled["report"] == {"nextAt": None, "status": "COMPLETED"}

    def make_due(session: Session) -> None:
        assert session.scalars(select(Report).where(Report.due_at.is_not(None))).all() == []

    await database.write(make_due, SYSTEM)


async def test_a_missed_period_is_left_out_and_a_former_member_s_schedule_ends(app: App) -> None:
    ann, ben = await app.sign_up("ann"), await app.sign_up("ben")
    works, database = await app.organization(ann, ben), app.backend.database
    old = now().replace(microsecond=0) - timedelta(days=100)
    for person in (ann, ben):
        period = {"from": (old - DAY).isoformat(), "to": old.isoformat(), "schedule": "WEEKLY"}
        await finished_report(person, await create_report(person, works, **period))
    viewer = await app.viewer(ben)

    def leave(session: Session) -> None:
        query = select(Membership).where(Membership.user_id == viewer.user_id, Membership.role == "MEMBER")
        session.scalars(query).one().deleted_at = now()

    await database.write(leave, SYSTEM)
    await ReportScheduler(database).start_due()
    nodes = (await ann.run("{ reports { nodes { from to } } }"))["reports"]["nodes"]
    assert len(nodes) == 3  # two of Ann, one of Ben
    assert datetime.fromisoformat(nodes[0]["to"]) == old + 98 * DAY

    def due(session: Session) -> list[Any]:
        return list(session.scalars(select(Report.due_at).where(Report.due_at.is_not(None))))

    assert await database.write(due, SYSTEM) == [old + 105 * DAY]


def test_a_monthly_schedule_keeps_its_day() -> None:
    anchor, ends = datetime(2025, 10, 31, 6, tzinfo=UTC), []
    end = anchor
    for _ in range(5):
        end = next_end(ReportSchedule.MONTHLY, anchor, end)
        ends.append(f"{end:%m-%d %H}")
    assert ends == ["11-30 06", "12-31 06", "01-31 06", "02-28 06", "03-31 06"]
    assert next_end(ReportSchedule.MONTHLY, anchor, datetime(2031, 2, 28, 7, tzinfo=UTC)).month == 3
    assert next_end(ReportSchedule.WEEKLY, anchor, anchor + 15 * DAY) == anchor + 21 * DAY


async def test_the_oldest_reports_are_deleted_beyond_a_limit(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MAX_STORED_PER_USER", 2)
    ann, ben = await app.sign_up("ann"), await app.sign_up("ben")
    works = await app.organization(ann, ben)
    scheduled = await create_report(ann, works, schedule="WEEKLY")
    other = await create_report(ben, works)
    created = [await create_report(ann, works) for _ in range(4)]
    nodes = (await ann.run("{ reports { nodes { id } } }"))["reports"]["nodes"]
    assert [node["id"] for node in nodes] == [created[3], created[2], other, scheduled]


async def test_a_ready_report_is_mailed_as_a_link_that_opens(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, public_url="http://site") as app:
        ann = await app.sign_up("ann")
        works = await app.organization(ann)
        report = await finished_report(ann, await create_report(ann, works))
        letter = (await Mailbox(app, tmp_path / "mail").letters(2))[-1]
        assert letter["Subject"] == "Usage of Shared"
        (link,) = re.findall(r"^    (http://site/reports/\S+)$", plain_text(letter), re.MULTILINE)
        assert urlsplit(link).path == urlsplit(report["url"]).path
        assert (await ann.http.get(link)).status_code == 200
        assert link.replace("&", "&amp;") in html_text(letter)
        (note,) = (await ann.run("{ notifications { nodes { kind subjectId } } }"))["notifications"]["nodes"]
        assert note == {"kind": "REPORT_READY", "subjectId": report["id"]}


async def test_a_report_is_a_job_that_is_seen_canceled_and_retried(app: App) -> None:
    ann = await app.sign_up("ann")
    works, database = await app.organization(ann), app.backend.database
    report = await create_report(ann, works)
    await finished_report(ann, report)
    (job,) = (await ann.run("{ jobs(kind: REPORT) { nodes { id kind status subjectId } } }"))["jobs"]["nodes"]
    assert (job["kind"], job["status"], job["subjectId"]) == ("REPORT", "COMPLETED", report)
    assert (await ann.refused("cancelReport", id=report))["extensions"]["code"] == "CONFLICT"

    def unfinish(session: Session) -> None:
        row = session.scalars(select(Job).where(Job.kind == reports.JOB_KIND)).one()
        row.status, row.finished_at, row.leased_until = JobStatus.QUEUED, None, now() + timedelta(hours=1)

    await database.write(unfinish, SYSTEM)
    canceled = await ann.mutate("cancelJob", "{ job { status } }", id=job["id"])
    assert canceled["job"]["status"] == "CANCELED"
    await ann.mutate("retryJob", "{ job { status } }", id=job["id"])
    assert (await finished_report(ann, report))["status"] == "COMPLETED"


async def test_a_list_of_reports_costs_the_same_number_of_reads_for_one_and_for_many(app: App) -> None:
    ann = await app.sign_up("ann")
    works = await app.organization(ann)
    query = """{ reports { nodes { id kind status url workbookUrl nextAt error { code } organization { name }
      table { name } createdBy { name } } } }"""
    counts = []
    for number in (1, 3):
        for _ in range(number):
            await finished_report(ann, await create_report(ann, works, schedule="MONTHLY"))
        reads = []
        for _ in range(3):  # the fewest, as background work reads too
            app.reads.clear()
            assert len((await ann.run(query))["reports"]["nodes"]) == (1 if number == 1 else 4)
            reads.append(len(app.reads))
        counts.append(min(reads))
    assert counts[0] == counts[1]
