"""Expected failures as data: one mapping from the domain's errors to what clients see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import strawberry
from graphql import GraphQLError

from gateway.inventory.access import Principal, Scope
from gateway.inventory.errors import Code, IdempotencyKeyReused, InventoryError
from gateway.inventory.ports import StorageError
from schema.descriptions import CODES, describe
from schema.scalars import Quantity

strawberry.enum(
    Code,
    name="ErrorCode",
    description="Every code of an expected failure, in `userErrors` and in the `extensions.code` of query errors.",
)
describe(Code, CODES)

_AWAY = "The database did not answer in time. Send the request again."


@strawberry.type(description="Why a request was refused. Nothing was changed, unless the code says that it is unknown.")
class UserError:
    field: list[str] = strawberry.field(
        description="Path of the offending input, from the mutation's argument inwards; list positions count from 0."
    )
    message: str = strawberry.field(description="What is wrong and what to do, in English.")
    code: Code = strawberry.field(description="Stable, for programs.")
    retryable: bool = strawberry.field(description="Whether sending the same request again may succeed.")
    actual_quantity: Quantity | None = strawberry.field(
        default=None, description="The present quantity, where the request was refused because of it."
    )
    differing_paths: list[str] | None = strawberry.field(
        default=None, description="Where this request differs from the one that used the key first."
    )


def user_error(error: InventoryError | StorageError, *prefix: str) -> UserError:
    """The error as data; `prefix` leads to the input that the error's path is relative to."""
    if isinstance(error, StorageError):
        return UserError(field=list(prefix), message=_AWAY, code=Code.UNAVAILABLE, retryable=True)
    differing = error.differing_paths if isinstance(error, IdempotencyKeyReused) else None
    return UserError(
        field=[*prefix, *error.path],
        message=error.message,
        code=error.code,
        retryable=error.retryable,
        actual_quantity=getattr(error, "actual", None),
        differing_paths=list(differing) if differing else None,
    )


@contextmanager
def reading(principal: Principal, scope: Scope) -> Iterator[None]:
    """For queries, which have no `userErrors`: require the scope, and raise expected failures as GraphQL errors."""
    try:
        principal.require(scope)
        yield
    except (InventoryError, StorageError) as error:
        shown = user_error(error)
        extensions = {"code": shown.code.value, "field": shown.field, "retryable": shown.retryable}
        raise GraphQLError(shown.message, extensions=extensions) from error
