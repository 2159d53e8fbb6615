"""The GraphQL schema, assembled from one module per noun."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.availability import AvailabilityQuery
from schema.items import ItemMutation, ItemQuery
from schema.ledger import LedgerQuery
from schema.locations import LocationMutation, LocationQuery
from schema.scalars import SCALARS
from schema.stock import StockMutation


@strawberry.type
class Query(ItemQuery, AvailabilityQuery, LedgerQuery, LocationQuery):
    """What can be asked."""


@strawberry.type
class Mutation(StockMutation, ItemMutation, LocationMutation):
    """What can be changed."""


schema = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))
