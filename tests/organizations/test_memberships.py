"""Memberships in the database: the invited and the removed have no rights, and each action reaches one person only."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from auth.viewer import Role, Viewer
from db.core.base import Visibility, now
from db.core.engine import Database
from db.core.events import RightsNarrowed
from db.core.pagination import Window
from db.core.session import Session
from db.models.invitations import Invitation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.sites import Site, SiteAssignment
from db.models.users import User
from db.organizations import invitations, memberships, organization_deletion, organizations
from db.organizations.invitations import InvitationToken, Invitee
from db.organizations.organizations import all_organizations, members
from db.retention import restoring
from db.sites import sites
from errors import Conflict, Forbidden, NotFound
from tests.support.conversations.search_samples import ALL, create_conversation, titles
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World

INVITED, ADMIN = MembershipStatus.INVITED, Role.ADMIN


async def states(database: Database, organization_id: UUID) -> dict[UUID, tuple[Role, MembershipStatus]]:
    """Return role and status of the memberships that are not deleted, by user; of INVITED ones, by the address."""

    def unit(session: Session) -> dict[UUID, tuple[Role, MembershipStatus]]:
        invited = select(Invitation.membership_id, User.id).join(User, User.email == Invitation.email)
        users = {row[0]: row[1] for row in session.execute(invited.where(Invitation.used_at.is_(None)))}
        rows = session.scalars(select(Membership).where(Membership.organization_id == organization_id))
        return {row.user_id or users[row.id]: (row.role, row.status) for row in rows}

    return await database.write(unit, SYSTEM)


async def invite(
    database: Database, admin: Viewer, organization_id: UUID, name: str, user: Viewer | None, role: Role = Role.MEMBER
) -> bytes:
    """Invite a person and return the digest of the token."""
    digest = uuid4().bytes * 2
    invitee = Invitee(f"{name}@example.com", role, None if user is None else user.user_id)
    await database.write(invitations.invite, admin, organization_id, invitee, InvitationToken("token", digest))
    return digest


def id_of(viewer: Viewer) -> UUID:
    assert viewer.user_id is not None
    return viewer.user_id


async def test_only_active_admins_of_the_last_moment_restore_an_organization(database: Database, world: World) -> None:
    ann, bob, cid, dan, eve = [await world.person(name) for name in ("ann", "bob", "cid", "dan", "eve")]
    works = await world.organization(ann, [dan])
    removed = await world.join(works, bob, ADMIN)
    await world.join(works, cid, ADMIN, INVITED)
    await world.organization(eve)
    await database.write(memberships.remove, ann, removed)
    await database.write(organization_deletion.delete, ann, works)
    for somebody in (bob, cid, dan, eve, Viewer(None)):
        with pytest.raises(NotFound):
            await database.write(restoring.restore, somebody, Organization, works)
        assert await states(database, works) == {}
        assert await database.find(Organization, ann, works) is None
    await database.write(restoring.restore, ann, Organization, works)
    assert await states(database, works) == {
        id_of(ann): (ADMIN, MembershipStatus.ACTIVE),
        id_of(cid): (ADMIN, INVITED),
        id_of(dan): (Role.MEMBER, MembershipStatus.ACTIVE),
    }


async def test_the_invited_see_no_member_and_no_other_invitation(database: Database, world: World) -> None:
    ann, bob, cid = [await world.person(name) for name in ("ann", "bob", "cid")]
    works = await world.organization(ann, [bob])
    await world.join(works, cid, ADMIN, INVITED)
    for name in ("cid", "dan"):
        await invite(database, ann, works, name, None)

    async def addresses(viewer: Viewer) -> list[str]:
        query = select(Invitation.email).order_by(Invitation.id)
        return await database.write(lambda session: list(session.scalars(query)), viewer)

    assert await database.by_ids(User, cid, [id_of(ann), id_of(bob)]) == {}
    assert set(await database.by_ids(User, bob, [id_of(ann), id_of(bob)])) == {id_of(ann), id_of(bob)}
    listed = await database.read(members.rows(Window(9), ALL), cid, limit=9, organization_id=works)
    assert [(row.user_id, row.status) for row in listed] == [(None, INVITED)]
    assert [await addresses(viewer) for viewer in (ann, bob, cid)] == [
        ["cid@example.com", "dan@example.com"],
        [],
        ["cid@example.com"],
    ]


async def test_an_invited_admin_is_not_the_other_admin(database: Database, world: World) -> None:
    ann, bob, cid = [await world.person(name) for name in ("ann", "bob", "cid")]
    works = await world.organization(ann, [cid])
    elsewhere = await world.organization(ann)
    await world.join(elsewhere, bob, ADMIN)
    await world.join(works, bob, ADMIN, INVITED)
    query = select(Membership.id).where(Membership.organization_id == works, Membership.user_id == ann.user_id)
    own = await database.write(lambda session: session.scalars(query).one(), ann)
    before = await states(database, works)
    for unit in (
        lambda session: memberships.remove(session, own),
        lambda session: memberships.change_role(session, own, Role.MEMBER),
    ):
        with pytest.raises(Conflict, match="last admin"):
            await database.write(unit, ann)
        assert await states(database, works) == before
    await database.write(memberships.change_role, ann, own, ADMIN)
    assert world.published[-1:] != [RightsNarrowed(works)]


async def test_an_invited_admin_is_demoted_and_removed_also_as_the_only_other_admin(
    database: Database, world: World
) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    works = await world.organization(ann)
    invited = await world.join(works, bob, ADMIN, INVITED)
    world.published.clear()
    await database.write(memberships.change_role, ann, invited, Role.MEMBER)
    assert (await states(database, works))[id_of(bob)] == (Role.MEMBER, INVITED)
    await database.write(memberships.remove, ann, invited)
    assert list(await states(database, works)) == [id_of(ann)]
    assert world.published == []  # the invited have no rights to lose, so no stream closes
    assert await database.read(memberships.narrowed, SYSTEM, since=now().replace(year=2000)) == []


async def test_taking_back_an_invitation_leaves_the_others_and_those_accepted(database: Database, world: World) -> None:
    ann, bob, cid, dan, eve = [await world.person(name) for name in ("ann", "bob", "cid", "dan", "eve")]
    works, elsewhere = await world.organization(ann, [eve]), await world.organization(ann, name="Elsewhere")
    digests = {
        name: await invite(database, ann, organization_id, name, viewer, ADMIN)
        for name, viewer, organization_id in (("bob", bob, elsewhere), ("cid", cid, works), ("dan", dan, works))
    }
    await invite(database, ann, works, "bob", bob)
    await database.write(invitations.accept, dan, digests["dan"])
    before = await states(database, works)
    await database.write(invitations.cancel, ann, works, "bob@example.com")
    assert await states(database, works) == {key: value for key, value in before.items() if key != id_of(bob)}
    assert (await states(database, elsewhere))[id_of(bob)] == (ADMIN, INVITED)
    for email in ("dan@example.com", "bob@example.com", "ann@example.com"):
        with pytest.raises(NotFound, match="no open invitation"):
            await database.write(invitations.cancel, ann, works, email)
    for somebody, refusal in ((bob, NotFound), (cid, Forbidden), (eve, Forbidden)):
        with pytest.raises(refusal):
            await database.write(invitations.cancel, somebody, works, "cid@example.com")
    for viewer, digest in ((cid, digests["cid"]), (bob, digests["bob"])):
        await database.write(invitations.accept, viewer, digest)
    assert (await states(database, works))[id_of(cid)] == (ADMIN, MembershipStatus.ACTIVE)


async def test_a_new_invitation_decides_the_role(database: Database, world: World) -> None:
    ann, bob, cid = [await world.person(name) for name in ("ann", "bob", "cid")]
    works = await world.organization(ann)
    first = await invite(database, ann, works, "bob", bob, ADMIN)
    second = await invite(database, ann, works, "bob", bob)
    assert (await states(database, works))[id_of(bob)] == (Role.MEMBER, INVITED)
    with pytest.raises(NotFound):
        await database.write(invitations.accept, bob, first)
    await database.write(invitations.accept, bob, second)
    assert (await states(database, works))[id_of(bob)] == (Role.MEMBER, MembershipStatus.ACTIVE)
    # A member who was an admin and left returns with the role of the new invitation.
    left = await world.join(works, cid, ADMIN)
    await database.write(memberships.remove, cid, left)
    await invite(database, ann, works, "cid", cid)
    assert (await states(database, works))[id_of(cid)] == (Role.MEMBER, INVITED)
    with pytest.raises(Conflict, match="already a member"):
        await invite(database, ann, works, "bob", bob, ADMIN)
    assert (await states(database, works))[id_of(bob)] == (Role.MEMBER, MembershipStatus.ACTIVE)


async def test_an_invitation_is_accepted_until_it_expires_by_its_address_only(database: Database, world: World) -> None:
    ann, bob, cid = [await world.person(name) for name in ("ann", "bob", "cid")]
    works = await world.organization(ann)
    await world.join(works, cid)
    digest = await invite(database, ann, works, "bob", bob, ADMIN)

    def expire(session: Session) -> None:
        session.scalars(select(Invitation)).one().expires_at = now()

    for viewer in (cid, ann):
        with pytest.raises(NotFound, match="invalid, used, expired"):
            await database.write(invitations.accept, viewer, digest)
    await database.write(expire, SYSTEM)
    with pytest.raises(NotFound, match="invalid, used, expired"):
        await database.write(invitations.accept, bob, digest)
    assert await states(database, works) == {
        id_of(ann): (ADMIN, MembershipStatus.ACTIVE),
        id_of(bob): (ADMIN, INVITED),
        id_of(cid): (Role.MEMBER, MembershipStatus.ACTIVE),
    }


async def test_an_open_invitation_does_not_change_the_role_of_an_active_member(
    database: Database, world: World
) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    works = await world.organization(ann)
    digest = await invite(database, ann, works, "bob", None, ADMIN)
    await world.join(works, bob)  # joined meanwhile, as by another way in
    await database.write(invitations.accept, bob, digest)
    assert (await states(database, works))[id_of(bob)] == (Role.MEMBER, MembershipStatus.ACTIVE)


@pytest.mark.parametrize("is_removed", [True, False])
async def test_a_member_who_leaves_loses_the_sites_of_that_organization_only(
    database: Database, world: World, is_removed: bool
) -> None:
    """The admin who removes a member sees the assignments of all, the member who leaves only their own."""
    ann, bob, cid = [await world.person(name) for name in ("ann", "bob", "cid")]
    works, elsewhere = await world.organization(ann), await world.organization(ann)
    leaving = await world.join(works, bob)
    for organization_id, viewer in ((elsewhere, bob), (works, cid)):
        await world.join(organization_id, viewer)
    assigned = set()
    for organization_id, viewer in ((works, bob), (elsewhere, bob), (works, cid)):
        site = await database.write(sites.create, ann, organization_id, "Site", None)
        await database.write(sites.assign, ann, site.id, id_of(viewer))
        assigned.add((site.organization_id, viewer.user_id))
    await database.write(memberships.remove, ann if is_removed else bob, leaving)

    def remaining(session: Session) -> set[tuple[UUID, UUID | None]]:
        query = select(Site.organization_id, SiteAssignment.user_id).join(Site, Site.id == SiteAssignment.site_id)
        return {(row[0], row[1]) for row in session.execute(query)}

    assert await database.write(remaining, SYSTEM) == assigned - {(works, bob.user_id)}
    assert world.published == [RightsNarrowed(works)]
    narrowed = await database.read(memberships.narrowed, SYSTEM, since=now().replace(year=2000))
    assert [row.id for row in narrowed] == [leaving]


async def test_invited_organizations_are_not_among_one_s_own(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    works = await world.organization(ann)
    await world.join(works, bob, ADMIN, INVITED)
    requested = frozenset({"member_id"})
    query, values = all_organizations.rows(Window(9), requested), {"limit": 9, "member_id": bob.user_id}
    own = await database.read(query, bob, **values)
    assert [row.is_personal for row in own] == [True]
    assert await database.read(organizations.of_viewer, bob, user_id=bob.user_id, ids=[works]) == []
    await database.write(create_conversation, ann, "News", works, Visibility.ORGANIZATION)
    assert await titles(database, bob) == []
    for unit in (
        lambda session: organizations.rename(session, works, "Mine"),
        lambda session: organization_deletion.delete(session, works),
    ):
        with pytest.raises(Forbidden):
            await database.write(unit, bob)
    result = await database.find(Organization, ann, works)
    assert result is not None
    assert result.name == "Shared"


async def test_nobody_is_removed_from_a_personal_organization(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    personal = await database.write(personal_organization, ann)
    await world.join(personal, bob, ADMIN)  # so that its owner is not the last admin
    before = await states(database, personal)
    query = select(Membership.id).where(Membership.organization_id == personal)
    for position in await database.write(lambda session: list(session.scalars(query)), SYSTEM):
        with pytest.raises(Conflict, match="cannot be removed from a personal organization"):
            await database.write(memberships.remove, ann, position)
    assert await states(database, personal) == before
