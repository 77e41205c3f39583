"""Deletion of accounts by their owners: closed at once, erased soon, anonymous in shared organizations."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db.core.base import Base
from db.core.prepared import Prepared
from db.core.session import INSIDE, Session
from db.models.jobs import Job
from db.models.users import User
from resolvers.core.ids import global_id
from tests.audit.mutations import PASSWORD
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.superusers import sign_up_superuser
from tests.support.world import SYSTEM

ITEMS = "{ items { nodes { title owner { name email } createdBy { name } } } }"
every_user: Prepared[User] = Prepared(select(User).order_by(User.id))


async def counts(app: App) -> dict[str, int]:
    """Return the number of rows of every table, including deleted ones."""

    def unit(session: Session) -> dict[str, int]:
        counted: dict[str, int] = {}
        for model in (mapper.class_ for mapper in Base.registry.mappers):
            counted[model.__name__] = session.scalars(select(func.count(model.id)), execution_options=INSIDE).one()
        return {name: count for name, count in counted.items() if count}

    return await app.backend.database.write(unit, SYSTEM)


async def wait_until_erased(app: App) -> None:
    """Wait until nothing is left to erase."""
    async with asyncio.timeout(10):
        while any(user.account_deleted_at and not user.erased_at for user in await all_users(app)):
            await asyncio.sleep(0.02)
    await app.product.purger.purge()


async def all_users(app: App) -> list[User]:
    return await app.backend.database.read(every_user, SYSTEM)


async def create_contents(client: Client, **where: Any) -> str:
    """Create a conversation with a table, an export and an item; return the id of the table."""
    conversation = (await client.mutate("createConversation", "{ conversation { id } }", **where))["conversation"]["id"]
    text = "Item,Price\nTea,3.20\nMilk,1.10"
    await client.mutate("sendMessage", "{ reply { id } }", conversationId=conversation, text=text, wait=True)
    listed = await client.run("query T($id: ID!) { tables(conversationId: $id) { nodes { id } } }", id=conversation)
    table = str(listed["tables"]["nodes"][0]["id"])
    await client.mutate("updateTable", "{ __typename }", id=table, name="Shopping")
    await client.mutate("startExport", "{ __typename }", tableId=table, destination="CSV")
    return table


async def finished(app: App, count: int) -> None:
    files = app.backend.settings.files_dir
    async with asyncio.timeout(10):
        while len([*files.glob("[!.]*.csv")]) < count:
            await asyncio.sleep(0.02)
        jobs: Prepared[Job] = Prepared(select(Job).where(Job.finished_at.is_(None)).limit(1))
        while await app.backend.database.read(jobs, SYSTEM):
            await asyncio.sleep(0.02)


async def test_private_data_of_a_deleted_account_is_erased_completely(app: App) -> None:
    bob = await app.person("bob")
    await finished(app, 0)
    before = await counts(app)
    ann = await app.person("ann")
    await create_contents(ann)
    await ann.mutate("createItem", "{ __typename }", title="Mine", idempotencyKey="once")
    await finished(app, 1)
    assert await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD) == {"ok": True}
    await wait_until_erased(app)
    after = await counts(app)
    # A row without a name, its ended sign-in for a day, and that it was deleted.
    changed = {name: after.get(name, 0) - before.get(name, 0) for name in after.keys() | before.keys()}
    assert {name: n for name, n in changed.items() if n} == {
        "User": 1, "SignIn": 1, "RefreshToken": 1, "AuditEntry": 2
    }  # fmt: skip
    assert [*app.backend.settings.files_dir.iterdir()] == []
    assert (await bob.run("{ me { email } }"))["me"]["email"] == "bob@example.com"


async def test_a_deleted_account_is_signed_out_and_its_address_is_free(app: App) -> None:
    ann = await app.person("ann")
    wrong = await ann.refused("deleteAccount", password="wrong password")
    message = "Wrong password. Enter your current password."
    assert wrong["extensions"]["fieldErrors"] == [{"field": "password", "message": message}]
    assert (await ann.run("{ me { email } }"))["me"]["email"] == "ann@example.com"
    await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD)
    with pytest.raises(Refused) as caught:
        await ann.run("{ me { id } }")
    assert caught.value.codes == ["UNAUTHENTICATED"]
    refused = await app.client().refused("logIn", email="ann@example.com", password=PASSWORD)
    assert refused["extensions"]["code"] == "UNAUTHENTICATED"
    again = await app.client().sign_up("ann@example.com")
    assert again["user"]["email"] == "ann@example.com"
    names = [(user.name, user.email.partition("-")[0], user.password_hash == "") for user in await all_users(app)]
    assert names == [("Deleted user", "deleted", True), ("Ann Lee", "ann@example.com", False)]


async def test_shared_data_stays_without_the_name(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    shared = await app.organization(bob, ann)
    await create_contents(ann, organizationId=shared, visibility="ORGANIZATION")
    for title, visibility in (("Ours", "ORGANIZATION"), ("Mine", "PRIVATE")):
        await ann.mutate("createItem", "{ __typename }", title=title, organizationId=shared, visibility=visibility)
    await finished(app, 1)
    listed = await bob.run(ITEMS)
    assert [item["title"] for item in listed["items"]["nodes"]] == ["Mine", "Ours"]
    await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD)
    await wait_until_erased(app)
    nobody = f"deleted-{(await all_users(app))[0].id.hex}"
    assert (await bob.run(ITEMS))["items"]["nodes"] == [
        {"title": "Ours", "owner": {"name": "Deleted user", "email": nobody}, "createdBy": {"name": "Deleted user"}}
    ]
    result = await bob.run(
        "{ conversations { nodes { owner { name } messages { nodes { text createdBy { name } } } } }"
        ' auditLog(action: "createItem") { nodes { actor { name } after } } }'
    )
    (conversation,) = result["conversations"]["nodes"]
    assert [message["createdBy"]["name"] for message in conversation["messages"]["nodes"]] == ["Deleted user"] * 2
    (entry,) = result["auditLog"]["nodes"]
    assert (entry["actor"], entry["after"]["title"]) == ({"name": "Deleted user"}, "Ours")
    left = await counts(app)
    assert {name: left.get(name, 0) for name in ("Conversation", "Message", "Item", "Export")} == {
        "Conversation": 1, "Message": 2, "Item": 1, "Export": 0
    }  # fmt: skip


async def test_the_last_admin_cannot_delete_their_account(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    shared = await app.organization(ann, bob)
    before = await counts(app)
    refused = await ann.refused("deleteAccount", password=PASSWORD)
    assert refused["extensions"]["code"] == "CONFLICT"
    assert refused["message"].startswith("You are the last admin of Shared. Make another member an admin first")
    assert await counts(app) == before
    members = "query M($id: ID!) { organization(id: $id) { members { nodes { id user { name email } } } } }"
    listed = (await ann.run(members, id=shared))["organization"]["members"]["nodes"]
    (membership,) = [one["id"] for one in listed if one["user"]["email"] == "bob@example.com"]
    await ann.mutate("changeMemberRole", "{ __typename }", membershipId=membership, role="ADMIN")
    await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD)
    await wait_until_erased(app)
    left = (await bob.run(members, id=shared))["organization"]["members"]["nodes"]
    assert [one["user"]["email"] for one in left] == ["bob@example.com"]


async def test_an_organization_without_other_members_is_deleted_too(app: App) -> None:
    ann = await app.person("ann")
    created = (await ann.mutate("createOrganization", "{ organization { id } }", name="Alone"))["organization"]["id"]
    site_ = (await ann.mutate("createSite", "{ site { id } }", organizationId=created, name="North"))["site"]["id"]
    await ann.mutate("createModule", "{ __typename }", siteId=site_, name="Pump", kind="pump")
    await ann.mutate("inviteMember", "{ __typename }", organizationId=created, email="cid@example.com")
    await finished(app, 0)
    await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD)
    await wait_until_erased(app)
    left = await counts(app)
    assert {name for name in left if name not in {"User", "SignIn", "RefreshToken", "AuditEntry"}} == set()


async def test_a_wrong_password_counts_as_an_attempt_to_log_in(app: App) -> None:
    ann = await app.person("ann")
    refused = [await ann.refused("deleteAccount", password="wrong password") for _ in range(11)]
    assert [error["extensions"]["code"] for error in refused] == ["BAD_USER_INPUT"] * 10 + ["RATE_LIMITED"]


async def test_there_is_always_a_superuser(app: App) -> None:
    ann, bob = await sign_up_superuser(app, "ann"), await sign_up_superuser(app, "bob")
    ids = [(await one.run("{ me { id } }"))["me"]["id"] for one in (ann, bob)]
    results = await asyncio.gather(
        ann.mutate("updateUser", "{ __typename }", id=ids[1], isSuperuser=False),
        bob.mutate("updateUser", "{ __typename }", id=ids[0], isActive=False),
        return_exceptions=True,
    )
    assert len([result for result in results if isinstance(result, Refused)]) == 1
    left = [user for user in await all_users(app) if user.is_superuser and user.is_active]
    assert len(left) == 1
    last = ann if left[0].email.startswith("ann") else bob
    assert (await last.refused("deleteAccount", password=PASSWORD))["extensions"]["code"] == "CONFLICT"


USERS = "query U($search: String) { users(search: $search, first: 10) { totalCount nodes { email name } } }"


async def test_superusers_find_users_by_address_or_name(app: App) -> None:
    root, ann = await sign_up_superuser(app, "root"), await app.person("ann")
    arguments = {"email": "zoë@example.org", "password": PASSWORD, "firstName": "Zoë", "lastName": "Ångström"}
    await app.client().mutate("signUp", "{ __typename }", **arguments)
    for search, result in (
        (None, ["zoë@example.org", "ann@example.com", "root@example.com"]),
        ("EXAMPLE.ORG", ["zoë@example.org"]),
        ("zOË åNG", ["zoë@example.org"]),
        ("nn@ex", ["ann@example.com"]),
        ("%", []),
    ):
        users = (await root.run(USERS, search=search))["users"]
        assert ([user["email"] for user in users["nodes"]], users["totalCount"]) == (result, len(result)), search
    for client, code in ((ann, "FORBIDDEN"), (app.client(), "UNAUTHENTICATED")):
        with pytest.raises(Refused) as caught:
            await client.run(USERS)
        assert caught.value.codes == [code]
    costs = []
    for first in (1, 3):
        app.reads.clear()
        await root.run("query U($n: Int) { users(first: $n) { nodes { email createdBy { id } } } }", n=first)
        costs.append(len(app.reads))
    assert costs[0] == costs[1]
    await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD)
    assert (await root.run(USERS, search="deleted"))["users"]["totalCount"] == 0
    gone = (await all_users(app))[1]
    refused = await root.refused("updateUser", id=global_id(User, gone.id), isActive=True)
    assert refused["extensions"]["code"] == "CONFLICT"
