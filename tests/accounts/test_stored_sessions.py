"""Sessions in the database: a session counts only while the user is active, whatever else went wrong."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from auth.viewer import Viewer
from db.accounts import sessions
from db.accounts.sessions import Rotation
from db.core.base import now
from db.core.engine import Database
from db.core.events import SignInEnded
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.sessions import RefreshToken, SessionEnd, SignIn
from db.models.users import User
from errors import NotFound, Unauthenticated
from tests.support.world import SYSTEM, World

LIFETIME = timedelta(days=30)
everything: Prepared[SignIn] = Prepared(select(SignIn).order_by(SignIn.id))


async def sign_in(database: Database, viewer: Viewer, digest: bytes) -> SignIn:
    assert viewer.user_id is not None
    device = {"user_agent": None, "ip_address": None}
    return await database.write(sessions.create, SYSTEM, viewer.user_id, digest, LIFETIME, **device)


async def rotate(
    database: Database, digest: bytes, successor: bytes, client: bytes = b"c"
) -> tuple[SignIn, User, bytes] | None:
    rotation = Rotation(digest * 32, [successor * 32], client * 32, LIFETIME)
    return await database.write(sessions.rotate, SYSTEM, rotation)


async def change_user(database: Database, viewer: Viewer, **values: object) -> None:
    def unit(session: Session) -> None:
        user = session.get(User, viewer.user_id or uuid4())
        for name, value in values.items():
            setattr(user, name, value)

    await database.write(unit, SYSTEM)


async def is_standing(database: Database, viewer: Viewer, sign_in_id: UUID) -> bool:
    result = await database.read(sessions.active_user, SYSTEM, sign_in_id=sign_in_id, user_id=viewer.user_id)
    return [row.id for row in result] == [viewer.user_id]


@pytest.mark.parametrize("column", ["deactivated_at", "deleted_at"])
async def test_a_session_that_was_not_ended_is_void_while_its_user_is_deactivated(
    database: Database, world: World, column: str
) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    row = await sign_in(database, ann, b"a" * 32)
    assert await is_standing(database, ann, row.id)
    assert not await is_standing(database, eve, row.id)
    await change_user(database, ann, **{column: now()})
    assert not await is_standing(database, ann, row.id)
    with pytest.raises((Unauthenticated, NotFound)):  # as if it happened after the password was checked
        await sign_in(database, ann, b"b" * 32)
    query = select(func.count(SignIn.id))
    assert await database.write(lambda session: session.scalars(query).one(), SYSTEM) == 1
    tokens = select(func.count(RefreshToken.id))
    assert await database.write(lambda session: session.scalars(tokens).one(), SYSTEM) == 1


async def test_a_token_of_an_ended_or_expired_session_is_not_rotated(database: Database, world: World) -> None:
    ann = await world.person("ann")
    ended, expired, open_one = [await sign_in(database, ann, digest * 32) for digest in (b"a", b"b", b"c")]

    def set_column(session: Session, id_: UUID, name: str) -> None:
        setattr(session.get(SignIn, id_), name, now())

    await database.write(set_column, SYSTEM, ended.id, "revoked_at")
    await database.write(set_column, SYSTEM, expired.id, "expires_at")
    for digest in (b"a", b"b", b"x"):
        with pytest.raises(Unauthenticated, match="invalid or has expired"):
            await rotate(database, digest, b"n")
    rotated = await rotate(database, b"c", b"n")
    assert rotated is not None
    assert rotated[0].id == open_one.id
    listed = await database.read(sessions.of_viewer, ann, user_id=ann.user_id, moment=now())
    assert [row.id for row in listed] == [open_one.id]


async def test_a_session_ends_once_and_the_others_stay(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    one, stored, ended_before = [await sign_in(database, ann, digest * 32) for digest in (b"a", b"b", b"c")]
    hers = await sign_in(database, eve, b"e" * 32)
    world.published.clear()
    await database.write(sessions.log_out, ann, ended_before.id)
    first_end = (await database.read(everything, SYSTEM))[2].revoked_at
    for _ in range(2):
        await database.write(sessions.end_sessions, ann, one.user_id, SessionEnd.PASSWORD_CHANGED, keep=stored.id)
    await database.write(sessions.log_out, ann, ended_before.id)
    for id_ in (hers.id, uuid4()):
        with pytest.raises(NotFound):
            await database.write(sessions.log_out, ann, id_)
    rows = await database.read(everything, SYSTEM)
    endings = [SessionEnd.PASSWORD_CHANGED, None, SessionEnd.LOGGED_OUT, None]
    assert [row.ending for row in rows] == endings
    assert [row.revoked_at is None for row in rows] == [False, True, False, True]
    assert rows[2].revoked_at == first_end
    assert world.published == [SignInEnded(ended_before.id), SignInEnded(one.id)]
    since = await database.read(sessions.recently_ended, SYSTEM, since=first_end)
    assert [row.id for row in since] == [one.id]


async def test_a_used_token_that_returns_ends_its_session_only(database: Database, world: World) -> None:
    ann = await world.person("ann")
    stolen, other = [await sign_in(database, ann, digest * 32) for digest in (b"a", b"b")]
    for _ in range(2):  # the client that lost the first answer
        repeated = await rotate(database, b"a", b"n")
        assert repeated is not None
        assert repeated[2] == b"n" * 32
    assert await rotate(database, b"a", b"n", client=b"d") is None
    with pytest.raises(Unauthenticated):
        await rotate(database, b"n", b"o")
    assert not await is_standing(database, ann, stolen.id)
    assert await is_standing(database, ann, other.id)


@pytest.mark.parametrize(("seconds", "is_repeated"), [(9, True), (11, False)])
async def test_a_refresh_is_repeated_for_ten_seconds(
    database: Database, world: World, seconds: int, is_repeated: bool
) -> None:
    ann = await world.person("ann")
    row = await sign_in(database, ann, b"a" * 32)
    await rotate(database, b"a", b"n")

    def age(session: Session) -> None:
        session.scalars(select(RefreshToken).where(RefreshToken.digest == b"a" * 32)).one().used_at = now() - timedelta(
            seconds=seconds
        )

    await database.write(age, SYSTEM)
    assert (await rotate(database, b"a", b"n") is not None) is is_repeated
    assert await is_standing(database, ann, row.id) is is_repeated
