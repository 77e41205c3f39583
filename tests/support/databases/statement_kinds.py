"""Every kind of statement that Python can make of a model or a table, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    String,
    case,
    cast,
    column,
    delete,
    distinct,
    exists,
    func,
    insert,
    inspect,
    lambda_stmt,
    literal,
    literal_column,
    select,
    table,
    tablesample,
    text,
    true,
    union,
    update,
)
from sqlalchemy.orm import Bundle, aliased, load_only
from sqlalchemy.orm import join as orm_join

from db.models.conversations import Conversation
from db.models.messages import Message
from db.models.users import User

Statements = Mapping[str, Callable[[], Any]]

bare: Any = Conversation.__table__
Other = aliased(Conversation)


def _recursive() -> Any:
    tree = select(Conversation.title).cte("tree", recursive=True)
    return select(tree.union_all(select(Conversation.title).where(Conversation.title != tree.c.title)).c.title)


def _joined_subquery() -> Any:
    owners = select(Conversation.owner_id, Conversation.title).subquery()
    return select(owners.c.title).select_from(User).join(owners, owners.c.owner_id == User.id)


# One conversation of Ann's: she reads its title, a stranger reads no row.
ROWS: Statements = {
    "entity": lambda: select(Conversation),
    "mapper": lambda: select(inspect(Conversation)),
    "column": lambda: select(Conversation.title),
    "label": lambda: select(Conversation.title.label("anything")),
    "bundle": lambda: select(Bundle("bundle", Conversation.title)),
    "some columns of an entity": lambda: select(Conversation).options(load_only(Conversation.title)),
    "columns chosen later": lambda: select(User.id).with_only_columns(Conversation.title),
    "expression": lambda: select(func.lower(Conversation.title)),
    "cast": lambda: select(cast(Conversation.title, String)),
    "case": lambda: select(case((Conversation.title == "secret", Conversation.title))),
    "distinct": lambda: select(Conversation.title).distinct(),
    "group": lambda: select(Conversation.title).group_by(Conversation.title).having(func.count() > 0),
    "window": lambda: select(Conversation.title, func.row_number().over(order_by=Conversation.id)),
    "lambda": lambda: lambda_stmt(lambda: select(Conversation)),
    "alias": lambda: select(Other),
    "alias's column": lambda: select(Other.title),
    "alias of a table": lambda: select(aliased(Conversation, bare.alias()).title),
    "alias of a subquery": lambda: select(aliased(Conversation, select(Conversation).subquery()).title),
    "join to an entity": lambda: select(Conversation.title).select_from(User).join(Conversation, true()),
    "join to an alias": lambda: select(Other.title).select_from(User).join(Other, true()),
    "join to itself": lambda: select(Other.title).select_from(Conversation).join(Other, Other.id == Conversation.id),
    "join from a child": lambda: select(Conversation.title).join(Message, Message.conversation_id == Conversation.id),
    "join to a subquery": _joined_subquery,
    "join as a source": lambda: select(Conversation.title).select_from(orm_join(User, Conversation, true())),
    "subquery": lambda: select(select(Conversation.title).subquery().c.title),
    "CTE": lambda: select(select(Conversation.title).cte().c.title),
    "recursive CTE": _recursive,
    "union": lambda: union(select(Conversation.title), select(Other.title)),
    "union inside": lambda: select(union(select(Conversation.title), select(Other.title)).subquery().c.title),
    "union of entities": lambda: select(Conversation).from_statement(union(select(Conversation), select(Other))),
}
LATERAL: Statements = {
    "lateral": lambda: (
        select((rows := select(Conversation.title).lateral()).c.title).select_from(User).join(rows, true())
    )
}
# A child is seen when its parent is.
CHILDREN: Statements = {
    "child": lambda: select(Message.text),
    "alias of a child": lambda: select(aliased(Message).text),
    "child by its parent": lambda: select(Message.text).join(Conversation, Conversation.id == Message.conversation_id),
    "child beside another": lambda: (
        select((other := aliased(Message)).text).select_from(Message).join(other, other.id == Message.id)
    ),
}
# Something comes back to everybody; what a stranger gets says nothing.
VALUES: Statements = {
    "maximum": lambda: select(func.max(Conversation.title)),
    "outer join": lambda: select(Conversation.title).select_from(User).outerjoin(Conversation, true()),
    "scalar subquery": lambda: select(select(Conversation.title).limit(1).scalar_subquery()),
}
COUNTS: Statements = {
    "count": lambda: select(func.count(Conversation.id)),
    "count of an alias": lambda: select(func.count(Other.id)),
    "count of distinct": lambda: select(func.count(distinct(Conversation.title))),
    "count of anything": lambda: select(func.count()).select_from(Conversation),
    "count without an entity": lambda: select(func.count()).where(Conversation.title == "secret"),
    "count in a subquery": lambda: select(select(func.count(Conversation.id)).scalar_subquery()),
    "exists": lambda: select(exists(select(Conversation.id))),
}
# Who is asked about is visible; whether they are found depends on what is not.
PEOPLE: Statements = {
    "where exists": lambda: select(User.first_name).where(exists(select(Conversation.id))),
    "correlated": lambda: select(User.first_name).where(
        exists(select(literal(1)).where(Conversation.owner_id == User.id))
    ),
    "in a subquery": lambda: select(User.first_name).where(User.id.in_(select(Conversation.owner_id))),
    "named in where alone": lambda: select(User.first_name).where(Conversation.owner_id == User.id),
    "having": lambda: select(func.max(User.first_name)).having(exists(select(Conversation.id))),
    "limit": lambda: select(User.first_name).limit(select(func.count(Conversation.id)).scalar_subquery()),
}
REFUSED: Statements = {
    "table": lambda: select(bare),
    "table's column": lambda: select(bare.c.title),
    "table's alias": lambda: select(bare.alias().c.title),
    "table in where": lambda: select(User.id).where(bare.c.title == "secret"),
    "table in a join": lambda: select(User.id).join(bare, true()),
    "table in a CTE": lambda: select(select(bare.c.title).cte().c.title),
    "table in an entity": lambda: select(aliased(Conversation, select(bare).subquery()).title),
    "table by its name": lambda: select(table("conversations", column("title")).c.title),
    "join of tables": lambda: select(User.id).select_from(inspect(User).local_table.join(bare, true())),
    "join without a column": lambda: select(func.count()).select_from(orm_join(User, Conversation, true())),
    "selectable of an entity": lambda: select(inspect(Other).selectable),
    "sample": lambda: select(tablesample(bare, 100).c.title),
    "sample of an entity": lambda: select(tablesample(Conversation, 100).c.title),
    "lateral table": lambda: select(bare.lateral().c.title),
    "window alone": lambda: select(func.count().over(partition_by=Conversation.id)),
    "two entities in an expression": lambda: select(User.first_name + Conversation.title),
    "two entities in a call": lambda: select(func.coalesce(User.first_name, Conversation.title)),
    "filter of an aggregate": lambda: select(func.count(User.id).filter(Conversation.title == "secret")),
    "call in where": lambda: select(User.id).where(func.coalesce(User.email, Conversation.title) == "secret"),
    "text": lambda: text("SELECT title FROM conversations"),
    "text with columns": lambda: text("SELECT title FROM conversations").columns(Conversation.title),
    "text for an entity": lambda: select(Conversation).from_statement(text("SELECT * FROM conversations")),
    "text as a source": lambda: select(literal(1)).select_from(text("conversations")),
    "text in where": lambda: select(User.id).where(text("EXISTS (SELECT 1 FROM conversations)")),
    "text before": lambda: select(User.id).prefix_with("(SELECT max(title) FROM conversations),"),
    "text behind": lambda: select(User.first_name).suffix_with("UNION SELECT title FROM conversations"),
    "hint": lambda: select(User.first_name).with_statement_hint("UNION SELECT title FROM conversations"),
    "literal column": lambda: select(literal_column("(SELECT max(title) FROM conversations)")),
    "insert": lambda: insert(Conversation).values(id=None),
    "update": lambda: update(Conversation).values(title="other"),
    "delete": lambda: delete(Conversation),
    "insert in a table": lambda: insert(bare).values(id=None),
    "update in a CTE": lambda: select(
        update(Conversation).values(title="other").returning(Conversation.title).cte().c.title
    ),
    "delete in a CTE": lambda: select(User.id).add_cte(delete(Conversation).returning(Conversation.id).cte()),
}
# SQLAlchemy adds no source for these, so the database does not know what is meant.
MEANINGLESS: Statements = {
    "order by another entity": lambda: select(User.id).order_by(Conversation.title),
    "group by another entity": lambda: select(func.count(User.id)).group_by(Conversation.title),
}
