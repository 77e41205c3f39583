"""Modules and their readings: stored all or none, aggregated by the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.sites import create_module, create_site, own_id

START = datetime(2025, 1, 31, 22, 30, tzinfo=UTC)
READINGS = """query R($id: ID!, $metric: String, $from: DateTime, $to: DateTime, $first: Int, $after: String,
  $last: Int, $before: String) { module(id: $id) { readings(metric: $metric, from: $from, to: $to, first: $first,
  after: $after, last: $last, before: $before) { totalCount nodes { metric value at } pageInfo { hasNextPage
  hasPreviousPage endCursor startCursor } } } }"""
AGGREGATES = """query A($id: ID!, $from: DateTime!, $to: DateTime!, $bucket: Bucket!) { module(id: $id) {
  aggregates(metric: "flow", from: $from, to: $to, bucket: $bucket) { start count min max mean } } }"""
MODULES = """query M($id: ID!) { site(id: $id) { modules { totalCount nodes { id name kind serialNumber status
  lastSeenAt site { name } createdBy { email } } } } }"""


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def reading(module: str, value: float, minutes: int = 0, metric: str = "flow") -> dict[str, Any]:
    return {"moduleId": module, "metric": metric, "value": value, "at": at(minutes)}


async def create_pump(app: App, admin: Client) -> tuple[str, str]:
    """Create a module and its site; return their ids."""
    depot = await create_site(admin, await app.organization(admin))
    return await create_module(admin, depot), depot


async def record(client: Client, *arguments: dict[str, Any], **more: Any) -> Any:
    selection = "{ count modules { id lastSeenAt } }"
    return await client.mutate("recordReadings", selection, readings=list(arguments), **more)


async def values(client: Client, module: str, **requested: Any) -> list[float]:
    listed = await client.run(READINGS, id=module, **requested)
    return [one["value"] for one in listed["module"]["readings"]["nodes"]]


async def test_an_admin_makes_changes_and_deletes_a_module(app: App) -> None:
    ann = await app.person("ann")
    depot = await create_site(ann, await app.organization(ann))
    selection = "{ module { id name kind serialNumber status lastSeenAt site { name } } moduleEdge { cursor } }"
    arguments = {"siteId": depot, "name": "Pump 1", "kind": "pump", "serialNumber": "S-1", "idempotencyKey": "k"}
    answers = [await ann.mutate("createModule", selection, **arguments) for _ in range(2)]
    assert answers[0] == answers[1]
    id_ = answers[0]["module"]["id"]
    assert answers[0]["module"] == {
        "id": id_,
        "name": "Pump 1",
        "kind": "pump",
        "serialNumber": "S-1",
        "status": "ACTIVE",
        "lastSeenAt": None,
        "site": {"name": "Depot"},
    }
    selection = "{ module { name serialNumber status } }"
    changed = await ann.mutate("updateModule", selection, id=id_, status="DEGRADED", serialNumber=None)
    assert changed == {"module": {"name": "Pump 1", "serialNumber": None, "status": "DEGRADED"}}
    assert await ann.mutate("deleteModule", "{ deletedId }", id=id_) == {"deletedId": id_}
    assert (await ann.run(MODULES, id=depot))["site"]["modules"] == {"totalCount": 0, "nodes": []}


async def test_readings_are_kept_and_read_by_time(app: App) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    arguments = [reading(module, 3, 30), reading(module, 1, 0), reading(module, 2, 10), reading(module, 7, 5, "heat")]
    assert await record(ann, *arguments, idempotencyKey="k") == {
        "count": 4,
        "modules": [{"id": module, "lastSeenAt": "2025-01-31T23:00:00+00:00"}],
    }
    assert (await record(ann, *arguments, idempotencyKey="k"))["count"] == 4
    assert await values(ann, module) == [1, 7, 2, 3]
    assert await values(ann, module, metric="flow") == [1, 2, 3]
    assert await values(ann, module, **{"from": at(5), "to": at(30)}) == [7, 2]
    first = (await ann.run(READINGS, id=module, first=3))["module"]["readings"]
    assert first["totalCount"] == 4
    assert first["nodes"][0] == {"metric": "flow", "value": 1.0, "at": "2025-01-31T22:30:00+00:00"}
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert await values(ann, module, first=3, after=first["pageInfo"]["endCursor"]) == [3]
    assert await values(ann, module, last=2) == [2, 3]
    assert await values(ann, module, last=2, before=first["pageInfo"]["endCursor"]) == [1, 7]


async def test_readings_of_one_moment_are_all_on_some_page(app: App) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    await record(ann, *(reading(module, n) for n in range(7)))
    result, after = [], None
    while True:
        page = (await ann.run(READINGS, id=module, first=2, after=after))["module"]["readings"]
        result += [one["value"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(result) == list(range(7))


async def test_a_module_is_seen_forwards_and_never_in_the_future(app: App) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    await record(ann, reading(module, 1, 60))
    assert (await record(ann, reading(module, 1, 0)))["modules"][0]["lastSeenAt"] == at(60)
    await record(ann, reading(module, 1) | {"at": "2190-01-01T00:00:00+02:00"})
    seen = (await ann.run("query M($id: ID!) { module(id: $id) { lastSeenAt } }", id=module))["module"]["lastSeenAt"]
    assert at(60) < seen < (datetime.now(UTC) + timedelta(minutes=1)).isoformat()


async def test_one_mistake_keeps_nothing_and_all_are_named(app: App) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    bad = [
        reading(module, 1),
        reading(module, 1, metric=" "),
        reading(module, 1e101),
        reading("nothing", 1),
        reading(module, 1) | {"at": "0001-01-01T00:00:00+14:00"},
    ]
    error = await ann.refused("recordReadings", readings=bad)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [one["field"] for one in error["extensions"]["fieldErrors"]] == [
        "readings.1.metric",
        "readings.2.value",
        "readings.3.moduleId",
        "readings.4.at",
    ]
    for wrong in ([], [reading(module, 1)] * 1_001):
        error = await ann.refused("recordReadings", readings=wrong)
        assert [one["field"] for one in error["extensions"]["fieldErrors"]] == ["readings"]
    assert await values(ann, module) == []
    result = await ann.run("query M($id: ID!) { module(id: $id) { lastSeenAt } }", id=module)
    assert result["module"]["lastSeenAt"] is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_values_that_are_no_numbers_are_refused(app: App, number: str) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    document = "mutation R($input: RecordReadingsInput!) { recordReadings(input: $input) { count } }"
    body = f"""{{"query": "{document}", "variables": {{"input": {{"readings": [
      {{"moduleId": "{module}", "metric": "flow", "value": {number}, "at": "{at(0)}"}}]}}}}}}"""
    headers = ann.headers | {"Content-Type": "application/json"}
    answer = await ann.http.post(f"{ann.url}/graphql", content=body, headers=headers)
    assert answer.status_code in {200, 400}
    assert answer.json()["errors"]
    assert await values(ann, module) == []


async def test_a_thousand_readings_of_several_modules_are_recorded_at_once(app: App) -> None:
    ann = await app.person("ann")
    module, depot = await create_pump(app, ann)
    modules = [module, *[await create_module(ann, depot, f"Pump {n}") for n in range(2, 5)]]
    assert (await record(ann, *[reading(modules[n % 4], n, n) for n in range(1_000)]))["count"] == 1_000
    assert [await values(ann, one, first=2) for one in modules] == [[0, 4], [1, 5], [2, 6], [3, 7]]


@pytest.mark.parametrize(
    ("bucket", "starts"),
    [
        ("HOUR", ["2025-01-31T22:00:00+00:00", "2025-01-31T23:00:00+00:00", "2025-02-01T00:00:00+00:00"]),
        ("DAY", ["2025-01-31T00:00:00+00:00", "2025-02-01T00:00:00+00:00"]),
        ("MONTH", ["2025-01-01T00:00:00+00:00", "2025-02-01T00:00:00+00:00"]),
    ],
)
async def test_the_database_sums_up(app: App, bucket: str, starts: list[str]) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    await record(
        ann,
        reading(module, 1.5, 0),
        reading(module, 2.5, 20),
        reading(module, -1, 40),
        reading(module, 10, 100),
        reading(module, 99, 10, "heat"),
        reading(module, 99, 1_000),
    )
    requested = {"id": module, "from": at(0), "to": at(1_000), "bucket": bucket}
    result = (await ann.run(AGGREGATES, **requested))["module"]["aggregates"]
    assert [one["start"] for one in result] == starts
    assert sum(one["count"] for one in result) == 4
    assert result[-1] == {"start": starts[-1], "count": 1, "min": 10.0, "max": 10.0, "mean": 10.0}
    if bucket == "DAY":
        assert result[0] == {"start": starts[0], "count": 3, "min": -1.0, "max": 2.5, "mean": 1.0}


async def test_aggregates_have_an_end(app: App) -> None:
    ann = await app.person("ann")
    module, _ = await create_pump(app, ann)
    await record(ann, reading(module, 1e100), reading(module, -1e100, 1))
    for requested in (
        {"from": "2020-01-01T00:00:00+00:00", "to": "2025-01-01T00:00:00+00:00", "bucket": "HOUR"},
        {"from": "0001-01-01T00:00:00+10:00", "to": at(0), "bucket": "DAY"},
    ):
        with pytest.raises(AssertionError, match="BAD_USER_INPUT"):
            await ann.run(AGGREGATES, id=module, **requested)
    whole = {"from": "1900-01-01T00:00:00+00:00", "to": "2199-01-01T00:00:00+00:00", "bucket": "MONTH"}
    (one,) = (await ann.run(AGGREGATES, id=module, **whole))["module"]["aggregates"]
    assert one == {"start": "2025-01-01T00:00:00+00:00", "count": 2, "min": -1e100, "max": 1e100, "mean": 0.0}


@pytest.mark.parametrize(
    ("who", "code"),
    [("eve", "NOT_FOUND"), ("cid", "NOT_FOUND"), ("bob", "FORBIDDEN"), ("nobody", "UNAUTHENTICATED")],
)
async def test_others_change_nothing(app: App, who: str, code: str) -> None:
    """Eve is an admin of another organization; Cid is a member; Bob is a member assigned to the site."""
    ann, bob, cid, eve = [await app.person(name) for name in ("ann", "bob", "cid", "eve")]
    depot = await create_site(ann, await app.organization(ann, bob, cid))
    await app.organization(eve)
    module = await create_module(ann, depot)
    await ann.mutate("assignSite", "{ site { id } }", siteId=depot, userId=await own_id(bob))
    await record(ann, reading(module, 1))
    before = await ann.run(MODULES, id=depot)
    client = {"eve": eve, "cid": cid, "bob": bob, "nobody": app.client()}[who]
    for name, arguments in (
        ("updateModule", {"id": module, "name": "Mine"}),
        ("deleteModule", {"id": module}),
        ("createModule", {"siteId": depot, "name": "Pump 2", "kind": "pump"}),
    ):
        assert (await client.refused(name, **arguments))["extensions"]["code"] == code, name
    refused = (await client.refused("recordReadings", readings=[reading(module, 2)]))["extensions"]["code"]
    assert refused == {"NOT_FOUND": "BAD_USER_INPUT"}.get(code, code)
    assert await ann.run(MODULES, id=depot) == before
    assert await values(ann, module) == [1]
    if who == "bob":
        assert await values(bob, module) == [1]


async def test_a_list_costs_as_many_statements_as_one_of_it(app: App) -> None:
    ann = await app.person("ann")
    module, depot = await create_pump(app, ann)
    costs = []
    for n in range(4):
        await create_module(ann, depot, f"Pump {n}")
        await record(ann, reading(module, n, n))
        app.reads.clear()
        await ann.run(MODULES, id=depot)
        await ann.run(READINGS, id=module)
        costs.append(len(app.reads))
    assert len(set(costs)) == 1
