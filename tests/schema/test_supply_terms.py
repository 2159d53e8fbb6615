"""Terms of suppliers and rules of replenishment, as they are set, listed and refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schema.shop import Shop
from tests.schema.test_reorder import RULES_SET, TERMS_SET

A_LAMP = {"sku": "LAMP", "supplier": "A"}
TERMS = """
query($first: Int! = 20, $after: String, $supplier: String) {
  supplyTerms(first: $first, after: $after, supplier: $supplier) {
    nodes { sku supplier preferred } pageInfo { hasNextPage endCursor }
  }
}
"""
TERMS_DELETE = """
mutation($terms: [SuppliedItemInput!]!) { it: supplyTermsDelete(input: {terms: $terms}) { userErrors { code field } } }
"""


async def test_terms_are_listed_replaced_and_forgotten(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 1}, "DESK": {"EAST": 1}})
    terms = [
        {"sku": "LAMP", "supplier": "Acme"},
        {"sku": "DESK", "supplier": "Acme", "preferred": True},
        {"sku": "DESK", "supplier": "Bolt"},
    ]
    for changed in (terms, [{"sku": "DESK", "supplier": "BOLT", "preferred": True}]):
        assert (await shop.owner.ask(TERMS_SET, terms=changed))["it"]["userErrors"] == []
    page = (await shop.owner.ask(TERMS, supplier="bolt"))["supplyTerms"]
    assert page["nodes"] == [{"sku": "DESK", "supplier": "BOLT", "preferred": True}]
    first = (await shop.owner.ask(TERMS, first=2))["supplyTerms"]
    rest = (await shop.owner.ask(TERMS, after=first["pageInfo"]["endCursor"]))["supplyTerms"]
    assert (len(first["nodes"]), len(rest["nodes"])) == (2, 1)
    assert {"sku": "DESK", "supplier": "Acme", "preferred": False} in [*first["nodes"], *rest["nodes"]]
    deleted = await shop.owner.ask(TERMS_DELETE, terms=[{"sku": "DESK", "supplier": "acme"}])
    assert deleted["it"]["userErrors"] == []
    assert len((await shop.owner.ask(TERMS))["supplyTerms"]["nodes"]) == 2


@pytest.mark.parametrize(
    ("document", "variables", "code", "field"),
    [
        (TERMS_SET, {"terms": []}, "EMPTY", "terms"),
        (TERMS_SET, {"terms": [{"sku": "NO", "supplier": "A"}]}, "ITEM_NOT_FOUND", "terms.0.sku"),
        (TERMS_SET, {"terms": [{"sku": "LAMP", "supplier": " "}]}, "BLANK", "terms.0.supplier"),
        (TERMS_SET, {"terms": [{**A_LAMP, "packSize": 0}]}, "OUT_OF_RANGE", "terms.0.packSize"),
        (TERMS_SET, {"terms": [{**A_LAMP, "unitCost": "-1"}]}, "OUT_OF_RANGE", "terms.0.unitCost"),
        (TERMS_SET, {"terms": [{**A_LAMP, "holdingRate": 0}]}, "OUT_OF_RANGE", "terms.0.holdingRate"),
        (TERMS_SET, {"terms": [A_LAMP, {**A_LAMP, "supplier": "a "}]}, "DUPLICATE", "terms.1"),
        (RULES_SET, {"rules": [{"lowStockAt": 1}]}, "INVALID_INPUT", "rules.0"),
        (RULES_SET, {"rules": [{"locationId": "EAST"}, {"sku": "NO"}]}, "ITEM_NOT_FOUND", "rules.1.sku"),
        (RULES_SET, {"rules": [{"locationId": "MOON"}]}, "LOCATION_NOT_FOUND", "rules.0.locationId"),
        (RULES_SET, {"rules": [{"sku": "LAMP", "serviceLevel": 1.0}]}, "OUT_OF_RANGE", "rules.0.serviceLevel"),
        (RULES_SET, {"rules": [{"sku": "LAMP"}, {"sku": "LAMP"}]}, "DUPLICATE", "rules.1"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    library: Shop, document: str, variables: dict[str, Any], code: str, field: str
) -> None:
    errors = (await library.owner.ask(document, **variables))["it"]["userErrors"]
    assert errors == [{"code": code, "field": ["input", *field.split(".")]}]
