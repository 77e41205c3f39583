"""Fixtures of password hashing."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from passlib.context import CryptContext

from auth import passwords
from auth.passwords import Cost, PasswordHasher


@pytest.fixture(scope="module")
def real_hash_cost(quick_hashes: Callable[[Cost], CryptContext]) -> Iterator[None]:
    """Restore the cost of the product's hashes, which the other tests reduce."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_context", quick_hashes)
        passwords._dummy.cache_clear()
        yield
    passwords._dummy.cache_clear()


@pytest.fixture
async def hasher() -> AsyncIterator[PasswordHasher]:
    """Run a hasher with the product's limits."""
    hasher = PasswordHasher()
    yield hasher
    hasher.close()
