"""Privacy of invitations: an inviter learns nothing of a person who has not accepted, or who has left."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from db.core.session import Session
from db.models.users import User
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.invitations import token_of
from tests.support.world import SYSTEM

ME = "{ me { id memberships { nodes { id status organization { name } } } } }"
INVITED = "{ email membership { role status user { id name createdAt } createdAt: __typename } }"
MEMBERS = """query M($id: ID!) { organization(id: $id) { members { totalCount nodes { role status
  user { id name email createdAt } } } }
  auditLog(organizationId: $id) { nodes { action actor { email } before after } } }"""
USER = "query U($id: ID!) { user(id: $id) { name } node(id: $id) { id } }"
ITEM = "query I($id: ID!) { item(id: $id) { owner { id name email memberships { totalCount } } createdBy { id } } }"


async def me(client: Client) -> dict[str, Any]:
    user: dict[str, Any] = (
        await client.run("{ me { id memberships { nodes { id status organization { name } } } } }")
    )["me"]
    return user


async def create_organization(client: Client, name: str = "Works") -> str:
    payload = await client.mutate("createOrganization", "{ organization { id } }", name=name)
    id_: str = payload["organization"]["id"]
    return id_


def without_ids(answer: object) -> str:
    """Return an answer as text in which ids and times are alike."""
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.+]+", "time", re.sub(r"[A-Za-z0-9]{40,}", "id", repr(answer)))


async def test_an_invitation_is_answered_the_same_for_any_address(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    answers = {}
    for email in ("bob@example.com", "zed@example.com"):
        works = await create_organization(ann)
        for _ in range(2):  # invited anew too
            payload = await ann.mutate("inviteMember", INVITED, organizationId=works, email=email, role="ADMIN")
        seen = await ann.run(MEMBERS, id=works)
        withdrawn = await ann.mutate("withdrawInvitation", "{ ok }", organizationId=works, email=email)
        after = await ann.run(MEMBERS, id=works)
        for each in (seen, after):  # the entries of one transaction have no order
            each["auditLog"]["nodes"].sort(key=without_ids)
        answers[email] = [payload, seen, withdrawn, after]
    known, unknown = answers.values()
    assert without_ids(known).replace("bob@", "zed@") == without_ids(unknown)
    assert known[0]["membership"]["user"] is None
    assert [one["user"] is None for one in known[1]["organization"]["members"]["nodes"]] == [False, True]
    assert known[3]["organization"]["members"]["totalCount"] == 1
    bob_id = (await me(bob))["id"]
    assert bob_id not in repr(known)
    assert await ann.run(USER, id=bob_id) == {"user": None, "node": None}


async def test_the_invited_person_sees_the_offer_and_may_decline_it(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    works = await create_organization(ann)
    await ann.mutate("inviteMember", "{ email }", organizationId=works, email="bob@example.com")
    (offer,) = [one for one in (await me(bob))["memberships"]["nodes"] if one["status"] == "INVITED"]
    assert offer["organization"] == {"name": "Works"}
    assert await bob.run(USER, id=(await me(ann))["id"]) == {"user": None, "node": None}
    assert (await eve.refused("removeMember", membershipId=offer["id"]))["extensions"]["code"] == "NOT_FOUND"
    assert [one["status"] for one in (await me(eve))["memberships"]["nodes"]] == ["ACTIVE"]
    await bob.mutate("removeMember", "{ deletedId }", membershipId=offer["id"])
    assert [one["status"] for one in (await me(bob))["memberships"]["nodes"]] == ["ACTIVE"]
    assert (await ann.run(MEMBERS, id=works))["organization"]["members"]["totalCount"] == 1
    error = await ann.refused("withdrawInvitation", organizationId=works, email="bob@example.com")
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_a_former_member_is_no_fellow_and_returns_as_one(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    bob_id, works = (await me(bob))["id"], await create_organization(ann)
    for _ in range(2):
        await ann.mutate("inviteMember", "{ email }", organizationId=works, email="bob@example.com", role="MEMBER")
        token = await token_of(app, "bob@example.com")
        selection = "{ membership { id status user { name } } }"
        joined = (await bob.mutate("acceptInvitation", selection, token=token))["membership"]
        assert (joined["status"], joined["user"]) == ("ACTIVE", {"name": "Ann Lee"})
        created = await bob.mutate(
            "createItem", "{ item { id } }", title="Paint", organizationId=works, visibility="ORGANIZATION"
        )
        item = created["item"]["id"]
        assert (await ann.run(ITEM, id=item))["item"]["createdBy"] == {"id": bob_id}
        assert (await ann.run(USER, id=bob_id))["user"] == {"name": "Ann Lee"}
        await ann.mutate("removeMember", "{ deletedId }", membershipId=joined["id"])
        assert await ann.run(USER, id=bob_id) == {"user": None, "node": None}
        left = (await ann.run(ITEM, id=item))["item"]
        assert left["createdBy"] is None
        assert (left["owner"]["name"], left["owner"]["memberships"]) == ("Former member", {"totalCount": 0})
        assert "@" not in left["owner"]["email"]


@pytest.mark.parametrize(
    "email", ["nobody", "a@b", "a..b@example.com", "a@b..com", "Ann <a@example.com>", "a@example.com\nBcc: b@x.de"]
)
async def test_an_address_that_is_none_is_refused(app: App, email: str) -> None:
    ann = await app.person("ann")
    works = await create_organization(ann)
    for error in (
        await ann.refused("inviteMember", organizationId=works, email=email),
        await app.client().refused("signUp", email=email, password="correct horse battery"),
    ):
        assert error["extensions"]["fieldErrors"][0]["field"] == "email"
    assert (await ann.run(MEMBERS, id=works))["organization"]["members"]["totalCount"] == 1


async def test_an_address_has_one_spelling_and_names_have_one_line(app: App) -> None:
    client, password = app.client(), "correct horse battery"
    selection = "{ user { email firstName name } }"
    names = {"firstName": " Ann\r\nMarie\u2028Lou ", "lastName": "\tLee\x0b"}
    created = await client.mutate("signUp", selection, email="Ünï@EXÄMPLE.test", password=password, **names)
    assert created["user"] == {"email": "ünï@exämple.test", "firstName": "Ann Marie Lou", "name": "Ann Marie Lou Lee"}
    again = await client.mutate("logIn", "{ user { email } }", email=" ünï@exämple.TEST", password=password)
    assert again["user"] == {"email": "ünï@exämple.test"}


async def test_invitations_are_limited_by_person_and_by_address(database_url: str, tmp_path: Path) -> None:
    limits = {"invite_limit_person": "3 per hour", "invite_limit_address": "2 per day"}
    async with open_app(database_url, tmp_path, **limits) as app:
        ann, bob = await app.person("ann"), await app.person("bob")
        works, other = await create_organization(ann), await create_organization(bob)
        codes = []
        for client, position, email in (
            (ann, works, "a@example.com"),
            (ann, works, "a@example.com"),
            (bob, other, "A@example.com"),  # the third for this address
            (ann, works, "b@example.com"),
            (ann, works, "c@example.com"),  # the fourth by Ann
            (bob, other, "c@example.com"),
        ):
            try:
                await client.mutate("inviteMember", "{ email }", organizationId=position, email=email)
                codes.append("")
            except Refused as refused:
                codes.append(refused.errors[0]["extensions"]["limit"])
        assert codes == ["", "", "2 per day", "", "3 per hour", ""]
        assert (await bob.run(MEMBERS, id=other))["organization"]["members"]["totalCount"] == 2


async def test_with_a_mail_server_only_verified_people_invite(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, smtp_url=SecretStr("smtp+plain://127.0.0.1:9")) as app:
        ann = await app.person("ann")
        works = await create_organization(ann)
        error = await ann.refused("inviteMember", organizationId=works, email="b@example.com")
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert (await ann.run(MEMBERS, id=works))["organization"]["members"]["totalCount"] == 1

        def verify(session: Session) -> None:
            session.scalars(select(User)).one().is_email_verified = True

        await app.backend.database.write(verify, SYSTEM)
        await ann.mutate("inviteMember", "{ email }", organizationId=works, email="b@example.com")
