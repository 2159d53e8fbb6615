"""Executes operations of a Strawberry schema straight on graphql-core.

Strawberry's own `Schema.execute` builds an execution context, an extension runner and a middleware manager
for every request. This schema has no extensions, so none of that can have an effect.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, TypeGuard, TypeVar, cast

import strawberry
from graphql import (
    ExecutionResult,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute_subscription_event,
    map_source_to_response_event,
)
from graphql.execution import Executor
from starlette.requests import HTTPConnection
from strawberry.execution import optimized_is_awaitable

from gateway.transport.documents import Document, Documents
from gateway.transport.limits import Limits
from gateway.transport.masking import client_errors, request_errors
from gateway.transport.operation_cost import refuse_costly_operation
from gateway.transport.parameters import Parameters
from gateway.transport.refusals import DocumentInvalid, OperationTimeout

Payload = dict[str, Any]
ContextFor = Callable[[HTTPConnection], Awaitable[Any]]
ContextAgain = Callable[[], Awaitable[Any]]
T = TypeVar("T")

# Strawberry's predicate answers for plain values first; it is only not annotated as a type guard.
_is_awaitable = cast(Callable[[Any], TypeGuard[Awaitable[Any]]], optimized_is_awaitable)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document, with the variables it was sent with."""

    document: Document
    node: OperationDefinitionNode
    variables: dict[str, Any]

    @property
    def type(self) -> OperationType:
        return self.node.operation


class Execution:
    """Turns the parameters of a request into answers.

    Raises `ValueError` for a schema with extensions or operation directives: they would be passed over.
    """

    def __init__(self, schema: strawberry.Schema, limits: Limits, *, development: bool) -> None:
        if schema.extensions or schema.directives:
            raise ValueError("the transport executes no schema extensions and no operation directives")
        self._schema = schema._schema
        self._executor_class: type[Executor[Any]] = schema.execution_context_class
        self._limits = limits
        self._hide_suggestions = not development
        self.documents = Documents(self._schema, limits, development=development)

    def operation(self, parameters: Parameters) -> Operation:
        """Raise `DocumentInvalid` or `RequestRefused` when there is nothing to execute."""
        document = self.documents.document(parameters.query)
        return Operation(document, document.operation(parameters.operation_name), parameters.variables)

    async def answer(self, operation: Operation, context: object) -> Payload:
        """Return the answer of a query or mutation, unexpected errors masked.

        Raises `DocumentInvalid` when the variables do not fit, and `DocumentTooComplex` when it would cost too
        much. The caller bounds the time.
        """
        result = self._executor(operation, context).execute_operation()
        if isawaitable(result):
            result = await result
        return _payload(cast(ExecutionResult, result))

    async def answers(
        self, operation: Operation, context: object, context_again: ContextAgain
    ) -> AsyncGenerator[Payload]:
        """Yield every answer of an operation of any type, each computed within the time limit of a request.

        Each event of a subscription gets a context of its own from `context_again`; when that refuses the caller by
        now, the subscription ends. Never raises: what goes wrong is the last answer, and has no `data` when nothing
        was executed.
        """
        try:
            if operation.type is OperationType.SUBSCRIPTION:
                async with aclosing(self._events(operation, context, context_again)) as events:
                    async for payload in events:
                        yield payload
                        # A source that always has more would let nobody else run.
                        await asyncio.sleep(0)
            else:
                yield await self._bounded(self.answer(operation, context))
        except Exception as error:
            yield {"errors": request_errors(error)}

    async def _events(
        self, operation: Operation, context: object, context_again: ContextAgain
    ) -> AsyncGenerator[Payload]:
        async def answer(executor: Executor[Any]) -> ExecutionResult:
            executor.context_value = await context_again()
            result = execute_subscription_event(executor)
            return await result if isawaitable(result) else result

        executor = self._executor(operation, context)
        source = create_source_event_stream(executor)
        if isawaitable(source):
            source = await self._bounded(source)
        if isinstance(source, ExecutionResult):
            yield {"errors": client_errors(source.errors or [])}
            return
        results = map_source_to_response_event(executor, source, lambda event: self._bounded(answer(event)))
        async with aclosing(results):
            async for result in results:
                yield _payload(result)

    def _executor(self, operation: Operation, context: object) -> Executor[Any]:
        executor = self._executor_class.build(
            self._schema,
            operation.document.node,
            context_value=context,
            raw_variable_values=operation.variables,
            operation_name=operation.node.name.value if operation.node.name else None,
            is_awaitable=_is_awaitable,
            hide_suggestions=self._hide_suggestions,
            # Strawberry's executor takes it, for extensions of a request that this schema does not read.
            operation_extensions=None,
        )
        if isinstance(executor, list):
            raise DocumentInvalid("BAD_USER_INPUT", executor)
        if operation.document.asks_for_lengths:
            refuse_costly_operation(
                operation.node,
                operation.document.fragments,
                executor.variable_values.coerced,
                self._limits.cost_max,
            )
        return executor

    async def _bounded(self, awaitable: Awaitable[T]) -> T:
        seconds_max = self._limits.request_seconds_max
        try:
            async with asyncio.timeout(seconds_max) as deadline:
                return await awaitable
        except TimeoutError:
            if deadline.expired():
                raise OperationTimeout(seconds_max) from None
            raise


def _payload(result: ExecutionResult) -> Payload:
    if result.errors:
        return {"data": result.data, "errors": client_errors(result.errors)}
    return {"data": result.data}
