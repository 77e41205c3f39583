"""Organizations: creation, invitations, leaving and deletion; an admin always remains."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.invitations import Invitation
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.invitations import token_of
from tests.support.world import SYSTEM

MEMBERS = """query M($id: ID!) { organization(id: $id) { name myRole members { totalCount
  nodes { id role status user { email } } } } }"""
PLACES = "{ organizations { nodes { name } } me { memberships { nodes { status organization { name myRole } } } } }"


async def create_organization(admin: Client, name: str = "Works") -> str:
    created = await admin.mutate("createOrganization", "{ organization { id } }", name=name)
    return str(created["organization"]["id"])


async def join(app: App, admin: Client, organization: str, member: Client, email: str, role: str = "MEMBER") -> str:
    """Invite a user, accept the invitation and return the id of the membership."""
    await admin.mutate("inviteMember", "{ email }", organizationId=organization, email=email, role=role)
    token = await token_of(app, email)
    accepted = await member.mutate("acceptInvitation", "{ membership { id } }", token=token)
    return str(accepted["membership"]["id"])


async def members(client: Client, organization: str) -> dict[str, tuple[str, str]]:
    listed = (await client.run(MEMBERS, id=organization))["organization"]["members"]["nodes"]
    names = [one["user"]["email"].partition("@")[0] if one["user"] else "" for one in listed]
    return {name: (one["role"], one["status"]) for name, one in zip(names, listed, strict=True)}


async def test_the_creator_of_an_organization_is_its_admin(app: App) -> None:
    ann = await app.person("ann")
    selection = "{ organization { id name isPersonal myRole createdBy { email } } organizationEdge { cursor } }"
    arguments = {"name": " The  Works ", "idempotencyKey": "k"}
    created = [await ann.mutate("createOrganization", selection, **arguments) for _ in range(2)]
    assert created[0] == created[1]
    assert {k: v for k, v in created[0]["organization"].items() if k != "id"} == {
        "name": "The Works",
        "isPersonal": False,
        "myRole": "ADMIN",
        "createdBy": {"email": "ann@example.com"},
    }
    id_ = created[0]["organization"]["id"]
    renamed = await ann.mutate("updateOrganization", "{ organization { name updatedBy { email } } }", id=id_, name="W")
    assert renamed == {"organization": {"name": "W", "updatedBy": {"email": "ann@example.com"}}}
    assert (await ann.run("{ organizations { nodes { name } totalCount } }"))["organizations"] == {
        "nodes": [{"name": "Ann Lee"}, {"name": "W"}],
        "totalCount": 2,
    }


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b"])
async def test_a_name_has_a_length(app: App, name: str) -> None:
    ann = await app.person("ann")
    error = await ann.refused("createOrganization", name=name)
    assert [one["field"] for one in error["extensions"]["fieldErrors"]] == ["name"]
    assert (await ann.run("{ organizations { totalCount } }"))["organizations"]["totalCount"] == 1


async def test_an_invitation_makes_a_member_once(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    works = await create_organization(ann)
    selection = "{ email membership { status role user { email } } }"
    invited = await ann.mutate("inviteMember", selection, organizationId=works, email=" Bob@Example.com ")
    assert invited == {
        "email": "bob@example.com",
        "membership": {"status": "INVITED", "role": "MEMBER", "user": None},
    }
    assert await members(ann, works) == {"ann": ("ADMIN", "ACTIVE"), "": ("MEMBER", "INVITED")}
    places = await bob.run(PLACES)
    assert places["organizations"]["nodes"] == [{"name": "Ann Lee"}]
    assert places["me"]["memberships"]["nodes"][1] == {
        "status": "INVITED",
        "organization": {"name": "Works", "myRole": None},
    }
    assert list(await members(bob, works)) == [""]
    token = await token_of(app, "bob@example.com")
    for somebody in (eve, ann):
        assert (await somebody.refused("acceptInvitation", token=token))["extensions"]["code"] == "NOT_FOUND"
    accepted = await bob.mutate("acceptInvitation", "{ membership { status organization { myRole } } }", token=token)
    assert accepted["membership"] == {"status": "ACTIVE", "organization": {"myRole": "MEMBER"}}
    for somebody in (bob, eve):
        assert (await somebody.refused("acceptInvitation", token=token))["extensions"]["code"] == "NOT_FOUND"
    assert await members(bob, works) == {"ann": ("ADMIN", "ACTIVE"), "bob": ("MEMBER", "ACTIVE")}
    again = await ann.refused("inviteMember", organizationId=works, email="bob@example.com")
    assert again["extensions"]["code"] == "CONFLICT"


async def test_an_invitation_can_be_accepted_after_signing_up(app: App) -> None:
    ann = await app.person("ann")
    works = await create_organization(ann)
    invited = await ann.mutate(
        "inviteMember", "{ membership { status } }", organizationId=works, email="bob@example.com", role="ADMIN"
    )
    assert invited == {"membership": {"status": "INVITED"}}
    bob = await app.person("bob")
    await bob.mutate("acceptInvitation", "{ membership { id } }", token=await token_of(app, "bob@example.com"))
    assert await members(bob, works) == {"ann": ("ADMIN", "ACTIVE"), "bob": ("ADMIN", "ACTIVE")}


async def test_a_token_is_void_when_it_is_old_replaced_or_taken_back(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    tokens = []
    for key in ("first", "second", "second"):
        arguments = {"organizationId": works, "email": "bob@example.com", "idempotencyKey": key}
        membership = (await ann.mutate("inviteMember", "{ membership { id } }", **arguments))["membership"]["id"]
        tokens.append(await token_of(app, "bob@example.com"))
    assert tokens[1] == tokens[2] != tokens[0]
    assert (await bob.refused("acceptInvitation", token=tokens[0]))["extensions"]["code"] == "NOT_FOUND"

    def age(session: Session, by: timedelta) -> None:
        query = select(Invitation).where(Invitation.used_at.is_(None))
        for invitation in session.scalars(query):
            invitation.expires_at = now() + by

    await app.backend.database.write(age, SYSTEM, timedelta(seconds=-1))
    assert (await bob.refused("acceptInvitation", token=tokens[1]))["extensions"]["code"] == "NOT_FOUND"
    await app.backend.database.write(age, SYSTEM, timedelta(days=1))
    await ann.mutate("removeMember", "{ deletedId }", membershipId=membership)
    assert (await bob.refused("acceptInvitation", token=tokens[1]))["extensions"]["code"] == "NOT_FOUND"
    assert await members(ann, works) == {"ann": ("ADMIN", "ACTIVE")}
    await join(app, ann, works, bob, "bob@example.com")
    assert await members(bob, works) == {"ann": ("ADMIN", "ACTIVE"), "bob": ("MEMBER", "ACTIVE")}


@pytest.mark.parametrize("has_account", [True, False])
async def test_an_invitation_is_taken_back_by_its_address(app: App, has_account: bool) -> None:
    ann, bob = await app.person("ann"), app.client()
    if has_account:
        await bob.sign_up("bob@example.com")
    works = await create_organization(ann)
    await ann.mutate("inviteMember", "{ email }", organizationId=works, email="bob@example.com")
    token = await token_of(app, "bob@example.com")
    arguments = {"organizationId": works, "email": " Bob@example.com"}
    assert await ann.mutate("withdrawInvitation", "{ ok }", **arguments) == {"ok": True}
    if not has_account:
        await bob.sign_up("bob@example.com")
    assert (await bob.refused("acceptInvitation", token=token))["extensions"]["code"] == "NOT_FOUND"
    assert await members(ann, works) == {"ann": ("ADMIN", "ACTIVE")}
    assert (await ann.refused("withdrawInvitation", **arguments))["extensions"]["code"] == "NOT_FOUND"


async def test_of_a_token_only_its_digest_is_kept(app: App) -> None:
    ann = await app.person("ann")
    await ann.mutate(
        "inviteMember", "{ email }", organizationId=await create_organization(ann), email="bob@example.com"
    )
    token = await token_of(app, "bob@example.com")
    read = await app.backend.database.write(lambda s: s.scalars(select(Invitation)).one(), SYSTEM)
    assert len(read.digest) == 32
    assert token.encode() not in read.digest
    assert timedelta(days=6, hours=23) < read.expires_at - now() <= timedelta(days=7)


async def test_twenty_accept_one_invitation_and_one_does(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    await ann.mutate("inviteMember", "{ email }", organizationId=works, email="bob@example.com")
    token = await token_of(app, "bob@example.com")
    tries = [bob.mutate("acceptInvitation", "{ membership { id } }", token=token) for _ in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(result) for result in results].count(dict) == 1
    assert all(result.codes == ["NOT_FOUND"] for result in results if isinstance(result, Refused))
    assert (await members(ann, works))["bob"] == ("MEMBER", "ACTIVE")


async def test_a_role_acts_at_the_next_query(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    membership = await join(app, ann, works, bob, "bob@example.com")
    assert (await bob.refused("updateOrganization", id=works, name="Bob's"))["extensions"]["code"] == "FORBIDDEN"
    await ann.mutate("changeMemberRole", "{ membership { role } }", membershipId=membership, role="ADMIN")
    await bob.mutate("updateOrganization", "{ organization { name } }", id=works, name="Bob's")
    await ann.mutate("changeMemberRole", "{ membership { role } }", membershipId=membership, role="MEMBER")
    assert (await bob.refused("updateOrganization", id=works, name="Again"))["extensions"]["code"] == "FORBIDDEN"
    seen = (await ann.run(MEMBERS, id=works))["organization"]
    assert (seen["name"], seen["myRole"]) == ("Bob's", "ADMIN")


async def test_a_member_leaves_and_sees_nothing_any_more(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    membership = await join(app, ann, works, bob, "bob@example.com")
    assert await bob.mutate("removeMember", "{ deletedId }", membershipId=membership) == {"deletedId": membership}
    assert (await bob.run(MEMBERS, id=works))["organization"] is None
    assert await members(ann, works) == {"ann": ("ADMIN", "ACTIVE")}
    await join(app, ann, works, bob, "bob@example.com", "ADMIN")
    assert (await members(ann, works))["bob"] == ("ADMIN", "ACTIVE")


async def test_the_last_admin_stays(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    await join(app, ann, works, bob, "bob@example.com")
    listed = (await ann.run(MEMBERS, id=works))["organization"]["members"]["nodes"]
    own = next(one["id"] for one in listed if one["role"] == "ADMIN")
    for name, arguments in (("changeMemberRole", {"role": "MEMBER"}), ("removeMember", {})):
        error = await ann.refused(name, membershipId=own, **arguments)
        assert error["extensions"]["code"] == "CONFLICT"
        assert "last admin" in error["message"]
    assert (await members(ann, works))["ann"] == ("ADMIN", "ACTIVE")


async def test_two_admins_who_demote_each_other_leave_one(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    await join(app, ann, works, bob, "bob@example.com", "ADMIN")
    listed = (await ann.run(MEMBERS, id=works))["organization"]["members"]["nodes"]
    places = {one["user"]["email"]: one["id"] for one in listed}
    tries = [
        who.mutate("changeMemberRole", "{ membership { id } }", membershipId=places[whom], role="MEMBER")
        for _ in range(5)
        for who in (ann, bob)
        for whom in ("ann@example.com", "bob@example.com")
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert {code for result in results if isinstance(result, Refused) for code in result.codes} <= {
        "CONFLICT",
        "FORBIDDEN",
    }
    roles = [role for role, _ in (await members(ann, works)).values()]
    assert sorted(roles) == ["ADMIN", "MEMBER"]


async def test_a_personal_organization_is_its_owner_s_alone(app: App) -> None:
    ann = await app.person("ann")
    own = (await ann.run("{ me { memberships { nodes { id organization { id } } } } }"))["me"]["memberships"]["nodes"]
    membership, organization = own[0]["id"], own[0]["organization"]["id"]
    for name, arguments in (
        ("deleteOrganization", {"id": organization}),
        ("removeMember", {"membershipId": membership}),
        ("inviteMember", {"organizationId": organization, "email": "bob@example.com"}),
    ):
        assert (await ann.refused(name, **arguments))["extensions"]["code"] == "CONFLICT", name
    assert await members(ann, organization) == {"ann": ("ADMIN", "ACTIVE")}


async def test_a_deleted_organization_is_hidden_from_all_and_restored_completely(app: App) -> None:
    ann, bob, cid = [await app.person(name) for name in ("ann", "bob", "cid")]
    works = await create_organization(ann)
    await join(app, ann, works, bob, "bob@example.com")
    gone = await join(app, ann, works, cid, "cid@example.com")
    await cid.mutate("removeMember", "{ deletedId }", membershipId=gone)
    await ann.mutate("inviteMember", "{ email }", organizationId=works, email="dan@example.com")
    arguments = {"organizationId": works, "visibility": "ORGANIZATION"}
    talk = await bob.mutate("createConversation", "{ conversation { id } }", **arguments)
    assert (await bob.refused("deleteOrganization", id=works))["extensions"]["code"] == "FORBIDDEN"
    assert await ann.mutate("deleteOrganization", "{ deletedId }", id=works) == {"deletedId": works}
    seen = "query S($o: ID!, $c: ID!) { organization(id: $o) { id } conversation(id: $c) { id } node(id: $o) { id } }"
    for somebody in (ann, bob):
        ids = {"o": works, "c": talk["conversation"]["id"]}
        assert await somebody.run(seen, **ids) == {"organization": None, "conversation": None, "node": None}
    dan, token = await app.person("dan"), await token_of(app, "dan@example.com")
    assert (await dan.refused("acceptInvitation", token=token))["extensions"]["code"] == "NOT_FOUND"
    assert (await bob.refused("createConversation", **arguments))["extensions"]["code"] in {"FORBIDDEN", "NOT_FOUND"}
    for somebody in (bob, cid, dan):
        assert (await somebody.refused("restore", id=works))["extensions"]["code"] == "NOT_FOUND"
    restored = await ann.mutate("restore", "{ node { id ... on Organization { name isActive myRole } } }", id=works)
    assert restored["node"] == {"id": works, "name": "Works", "isActive": True, "myRole": "ADMIN"}
    active = {"ann": ("ADMIN", "ACTIVE"), "bob": ("MEMBER", "ACTIVE")}
    assert await members(bob, works) == {**active, "": ("MEMBER", "INVITED")}
    await dan.mutate("acceptInvitation", "{ membership { id } }", token=token)
    assert (await bob.run(seen, o=works, c=talk["conversation"]["id"]))["conversation"] is not None


@pytest.mark.parametrize(("who", "code"), [("eve", "NOT_FOUND"), ("bob", "FORBIDDEN"), ("nobody", "UNAUTHENTICATED")])
async def test_others_change_nothing(app: App, who: str, code: str) -> None:
    """Eve is an admin of another organization; Bob is a member."""
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    works = await create_organization(ann)
    await create_organization(eve, "Elsewhere")
    await join(app, ann, works, bob, "bob@example.com")
    listed = (await ann.run(MEMBERS, id=works))["organization"]["members"]["nodes"]
    membership = next(one["id"] for one in listed if one["role"] == "ADMIN")
    client = {"eve": eve, "bob": bob, "nobody": app.client()}[who]
    for name, arguments in (
        ("updateOrganization", {"id": works, "name": "Mine"}),
        ("deleteOrganization", {"id": works}),
        ("inviteMember", {"organizationId": works, "email": "eve@example.com", "role": "ADMIN"}),
        ("changeMemberRole", {"membershipId": membership, "role": "MEMBER"}),
        ("removeMember", {"membershipId": membership}),
    ):
        assert (await client.refused(name, **arguments))["extensions"]["code"] == code, name
    after = (await ann.run(MEMBERS, id=works))["organization"]
    assert (after["name"], after["members"]["nodes"]) == ("Works", listed)


async def test_a_member_does_not_make_themselves_an_admin(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await create_organization(ann)
    membership = await join(app, ann, works, bob, "bob@example.com")
    error = await bob.refused("changeMemberRole", membershipId=membership, role="ADMIN")
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert (await members(ann, works))["bob"] == ("MEMBER", "ACTIVE")


async def test_a_list_costs_as_many_statements_as_one_of_it(app: App) -> None:
    ann = await app.person("ann")
    document = """{ organizations { nodes { id name isPersonal myRole createdBy { email } updatedBy { email } } }
      me { memberships { nodes { role status user { email } organization { name } } } } }"""
    await ann.run(document)
    app.reads.clear()
    await ann.run(document)
    one = len(app.reads)
    for n in range(5):
        await create_organization(ann, f"Works {n}")
    app.reads.clear()
    await ann.run(document)
    assert len(app.reads) == one
