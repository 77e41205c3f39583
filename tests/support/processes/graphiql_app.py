"""A server for GraphiQL's built files, with as much of the API as its tests run."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

BUILT = Path(__file__).parents[3] / "transport" / "graphiql"
POLICY = (BUILT / "csp.txt").read_text()
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf"}
TOKEN = "eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJl"


@strawberry.type
class User:
    id: strawberry.ID
    email: str
    name: str
    created_at: str


ADA = User(id=strawberry.ID("u1"), email="ada@example.com", name="Ada", created_at="2025-03-06T10:00:00Z")


@strawberry.type
class SessionTokens:
    access_token: str
    refresh_token: str
    expires_in: int


@strawberry.type
class LogInPayload:
    user: User
    session: SessionTokens


@strawberry.input
class LogInInput:
    email: str
    password: str


@strawberry.type
class Conversation:
    id: strawberry.ID


@strawberry.type
class Message:
    id: strawberry.ID
    status: str
    text: str


@strawberry.type
class SendMessagePayload:
    conversation: Conversation
    message: Message
    reply: Message


@strawberry.input
class SendMessageInput:
    text: str
    conversation_id: strawberry.ID | None = None


@strawberry.type
class Proposal:
    id: strawberry.ID
    table_name: str


@strawberry.type
class ReplyDelta:
    offset: int
    text: str


@strawberry.type
class ReplyProposal:
    proposal: Proposal


@strawberry.type
class ReplyEnded:
    message: Message


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: strawberry.Info) -> User | None:
        return ADA if info.context["request"].headers.get("authorization") == f"Bearer {TOKEN}" else None


@strawberry.type
class Mutation:
    @strawberry.mutation
    def log_in(self, info: strawberry.Info, input: LogInInput) -> LogInPayload:
        assert "authorization" not in info.context["request"].headers
        session = SessionTokens(access_token=TOKEN, refresh_token="r", expires_in=1800)
        return LogInPayload(user=ADA, session=session)

    @strawberry.mutation
    def send_message(self, input: SendMessageInput) -> SendMessagePayload:
        return SendMessagePayload(
            conversation=Conversation(id=strawberry.ID("c1")),
            message=Message(id=strawberry.ID("m1"), status="COMPLETED", text=input.text),
            reply=Message(id=strawberry.ID("m2"), status="IN_PROGRESS", text=""),
        )


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def reply_stream(
        self, info: strawberry.Info, message_id: strawberry.ID, after: int | None = 0
    ) -> AsyncIterator[ReplyDelta | ReplyProposal | ReplyEnded]:
        text = json.dumps(info.context["connection_params"])
        yield ReplyDelta(offset=0, text=text)
        yield ReplyEnded(message=Message(id=message_id, status="COMPLETED", text=text))


async def page(request: Request) -> Response:
    return Response(
        (BUILT / "index.html").read_bytes(),
        media_type="text/html",
        headers={"Content-Security-Policy": POLICY},
    )


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    return Response(
        (BUILT / "assets" / f"{name}.gz").read_bytes(),
        media_type=MEDIA_TYPES[Path(name).suffix],
        headers={"Content-Encoding": "gzip", "Content-Security-Policy": POLICY},
    )


def application() -> Starlette:
    schema = strawberry.Schema(Query, Mutation, Subscription)
    api: GraphQL[None, None] = GraphQL(schema, graphql_ide=None, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])
    return Starlette(
        routes=[
            Route("/graphql", page, methods=["GET"]),
            Route("/graphql", api, methods=["POST"]),
            WebSocketRoute("/graphql", api),
            Route("/graphiql/assets/{name}", asset),
        ]
    )
