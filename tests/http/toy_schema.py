"""A schema with one field for each thing that the transport must handle."""

import asyncio
from collections.abc import AsyncGenerator

import strawberry
from graphql import GraphQLError
from starlette.requests import HTTPConnection

from gateway.transport.execution import ContextFor
from gateway.transport.refusals import RequestRefused, Unauthenticated

KEY = "toy-key"


class Stage:
    """What the tests and the resolvers tell each other."""

    def __init__(self) -> None:
        self.never = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.closed = asyncio.Event()
        self.contexts = 0
        self.revoked = False


class Context:
    def __init__(self, stage: Stage, key: str | None) -> None:
        self.stage = stage
        self.key = key


Info = strawberry.Info[Context, None]


def context_for(stage: Stage) -> ContextFor:
    async def make(connection: HTTPConnection) -> Context:
        stage.contexts += 1
        authorization = connection.headers.get("authorization")
        if authorization == "Bearer wrong" or stage.revoked:
            raise Unauthenticated()
        if authorization == "Bearer broken":
            raise RuntimeError("secret of the key store")
        return Context(stage, authorization)

    return make


@strawberry.type
class Node:
    name: str = "node"

    @strawberry.field
    def child(self) -> "Node":
        return Node()

    @strawberry.field
    def children(self, first: int = 1) -> list["Node"]:
        return [Node() for _ in range(first)]


@strawberry.type
class Query:
    @strawberry.field
    def node(self) -> Node:
        return Node()

    @strawberry.field
    def nodes(self, names: list[str]) -> list[Node]:
        return [Node(name=name) for name in names]

    @strawberry.field
    async def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def caller(self, info: Info) -> str | None:
        return info.context.key

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError("secret of the resolver")

    @strawberry.field
    def refused(self) -> str | None:
        raise RequestRefused("not for you", code="FORBIDDEN")

    @strawberry.field
    def shown(self) -> str | None:
        raise GraphQLError("meant for the client", extensions={"code": "SHOWN"})

    @strawberry.field
    async def endless(self, info: Info) -> str:
        try:
            await info.context.stage.never.wait()
        except asyncio.CancelledError:
            info.context.stage.cancelled.set()
            raise
        return "never"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, name: str) -> Node:
        return Node(name=name)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info, to: int) -> AsyncGenerator[int, None]:
        try:
            for number in range(1, to + 1):
                yield number
        finally:
            info.context.stage.closed.set()

    @strawberry.subscription
    async def revoked(self, info: Info) -> AsyncGenerator[int, None]:
        try:
            yield 1
            info.context.stage.revoked = True
            yield 2
        finally:
            info.context.stage.closed.set()

    @strawberry.subscription
    async def silence(self, info: Info) -> AsyncGenerator[int, None]:
        try:
            yield 0
            await info.context.stage.never.wait()
        finally:
            info.context.stage.closed.set()

    @strawberry.subscription
    async def flood(self, info: Info) -> AsyncGenerator[str, None]:
        try:
            while True:
                yield "x" * 100_000
        finally:
            info.context.stage.closed.set()

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("secret of the source")


schema = strawberry.Schema(Query, Mutation, Subscription)
