"""Kinds of rows of the matrix. The rows are in `views.py`, `lists.py`, `changes.py` and `streams.py`.

Every type with an id, every list, and every field of Query, Mutation and Subscription has rows; the test reads
from the schema which ones there must be. To add yours:

1. Make what it is about in `world.py`, under a name: `ids["report"] = global_id(Report, report.id)`.
2. State who sees it in `views.py`:            `"Report": {"report": OWN, "shared_report": INSIDE}`
3. State which lists it is in, in `lists.py`:  `"Query.reports": [In("report", OWN), In("shared_report", INSIDE)]`
4. State who changes it, in `changes.py`:      `"deleteReport": [Change({"id": "@report"}, OWN)]`
5. State who follows it, in `streams.py`:      `"reportProgress": [Follow({"reportId": "@report"}, OWN)]`

A child of another entity needs none of this: `children.py` derives its rows, and its things, from its parent's.

`"@report"`, anywhere in a value, is the id of that name. Who is not named is refused, and nothing happens:
UNAUTHENTICATED when signed out or deactivated, NOT_FOUND when the first of the ids is not theirs to see, FORBIDDEN
when it is, or when there is none; a view is null, and a list leaves it out. State two rows where who asks matters
differently: for what is private and for what is shared. API keys need no rows: what is expected of them follows from
their person's rows and `schema/core/scopes.py`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from auth.api_keys import ApiScope

Arguments: TypeAlias = dict[str, Any]


class Person(StrEnum):
    """Kinds of people; all are active in the organization, except for OUTSIDER, SUPERUSER and ANONYMOUS."""

    OWNER = "owner"  # a plain member, who owns what is owned
    MEMBER = "member"
    ASSIGNED = "assigned"  # a member who is assigned to the site
    ADMIN = "admin"
    OUTSIDER = "outsider"  # admin of another organization
    SUPERUSER = "superuser"  # member of none
    ANONYMOUS = "anonymous"  # without a token
    DEACTIVATED = "deactivated"  # an admin, and the token is from before


OWNER, MEMBER, ASSIGNED, ADMIN, OUTSIDER, SUPERUSER, ANONYMOUS, DEACTIVATED = Person
People: TypeAlias = frozenset[Person]


@dataclass(frozen=True)
class Key:
    """API key of a person: it may do what they may, in root fields of its scopes only."""

    person: Person
    scopes: frozenset[ApiScope]

    def __str__(self) -> str:
        return f"{self.person}'s key for {', '.join(sorted(self.scopes))}"


READER_KEY = Key(OWNER, frozenset({ApiScope.READ, ApiScope.EXPORT}))
FULL_KEY = Key(ADMIN, frozenset(ApiScope))
KEYS = (READER_KEY, FULL_KEY)
Caller: TypeAlias = Person | Key

NOBODY: People = frozenset()
ANYONE = frozenset(Person) - {DEACTIVATED}
SIGNED_IN = ANYONE - {ANONYMOUS}
MEMBERS = frozenset({OWNER, MEMBER, ASSIGNED, ADMIN})
INSIDE = MEMBERS | {SUPERUSER}  # the people who see shared things
OWN = frozenset({OWNER, ADMIN, SUPERUSER})  # the people who see private things, and change owned ones
ADMINS = frozenset({ADMIN, SUPERUSER})
ON_SITE = ADMINS | {ASSIGNED}


@dataclass(frozen=True)
class Asked:
    """A field of Query that is neither one thing by its id nor a list, and the people who get a non-null answer."""

    by: People
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True)
class In:
    """`name` is in the list for these people; without a name, the list has anything at all.

    `of` is the thing whose list it is. `inside` selects the list, as `…`, from there when its type has no id:
    `"... on Table { history { nodes { … } } }"`.
    """

    name: str | None
    by: People
    of: str | None = None
    arguments: Arguments = field(default_factory=dict)
    inside: str | None = None


@dataclass(frozen=True)
class Change:
    """These people may send this input; `meets` is the error that they get for another reason than the policy.

    `idle` are those who are answered although nothing is theirs to change: nothing happens.
    `codes` are refusals with another code than the rules at the top of this file say, and `tried` limits who
    is tried where the answer takes long and does not depend on who asks.
    """

    arguments: Arguments
    by: People
    meets: str | None = None
    idle: People = NOBODY
    codes: dict[Person, str] = field(default_factory=dict)
    tried: People = frozenset(Person)


@dataclass(frozen=True)
class Follow:
    """These people get a first event of a subscription with these arguments; the `idle` wait for one."""

    arguments: Arguments
    by: People
    idle: People = NOBODY
