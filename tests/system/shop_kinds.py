"""A simulated shop of every kind there is, with what its vendor says requests look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
from graphql import build_schema, parse, validate

from connectors import simulated as shops
from connectors.simulated.platform import ReceivedRequest, SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from tests.connectors import (
    quickbooks_company,
    salesforce_site,
    test_bigcommerce,
    test_cin7,
    test_dynamics_365,
    test_lightspeed_xseries,
    test_magento,
    test_sap_business_one,
    test_simulated_amazon_seller_central,
    test_simulated_netsuite,
    test_simulated_square,
    test_zalando,
    test_zoho_inventory,
    walmart_seller,
)
from tests.connectors.conftest import SPEC

Stock = Mapping[str, int]


class Description(Protocol):
    def violations(self, requests: Iterable[ReceivedRequest]) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    platform: str
    make: Callable[[Stock], SimulatedPlatform]
    described: Sequence[Description] = ()
    """Empty where the vendor publishes none."""


class Tills(shops.SimulatedShopify):
    """All its orders come from a till."""

    async def sell_many(self, units: Stock, *, location_id: str | None = None) -> SoldOrder:
        return await super().sell_many(units, location_id=location_id or self.home())


class GraphqlDescription:
    """A schema in the schema definition language."""

    def violations(self, requests: Iterable[ReceivedRequest]) -> list[str]:
        """Everything in the documents sent that the schema does not allow; nothing when there is no schema."""
        if not SPEC.exists():
            return []
        schema = build_schema(SPEC.read_text())
        sent = {orjson.loads(one.body)["query"] for one in requests if one.path.endswith("/graphql.json")}
        return [error.message for document in sent for error in validate(schema, parse(document))]


SHOPIFY = GraphqlDescription()
ONE_OF_EACH = (
    Kind("amazon-seller-central", shops.SimulatedAmazon, (test_simulated_amazon_seller_central.DESCRIPTION,)),
    Kind("bigcommerce", shops.SimulatedBigCommerce, test_bigcommerce.DESCRIPTIONS),
    Kind("cin7-core", shops.SimulatedCin7Core, (test_cin7.DESCRIPTION,)),
    Kind("cin7-omni", shops.SimulatedCin7Omni),
    Kind("clover", shops.SimulatedClover),
    Kind("dynamics-365", shops.SimulatedDynamics365, (test_dynamics_365.DESCRIPTION,)),
    Kind("lightspeed-retail", shops.SimulatedLightspeedRetail),
    Kind(
        "lightspeed-xseries",
        shops.SimulatedLightspeedXSeries,
        (test_lightspeed_xseries.NEW, test_lightspeed_xseries.OLD),
    ),
    Kind("magento", shops.SimulatedMagento, (test_magento.DESCRIPTION,)),
    Kind("netsuite", shops.SimulatedNetSuite, (test_simulated_netsuite.DESCRIPTION,)),
    Kind("odoo", shops.SimulatedOdoo),
    Kind("prestashop", shops.SimulatedPrestaShop),
    Kind("quickbooks-commerce", shops.SimulatedQuickBooks, (quickbooks_company.DESCRIPTION,)),
    Kind("salesforce-commerce-cloud", shops.SimulatedSalesforceClassic, salesforce_site.DESCRIPTIONS),
    Kind("sap-business-one", shops.SimulatedSapBusinessOne, (test_sap_business_one.DESCRIPTION,)),
    Kind("shopify", shops.SimulatedShopify, (SHOPIFY,)),
    Kind("shopify-pos", Tills, (SHOPIFY,)),
    Kind("square", shops.SimulatedSquare, (test_simulated_square.CATALOG, test_simulated_square.REST)),
    Kind("tradegecko", shops.SimulatedTradeGecko),
    Kind("walmart-marketplace", shops.SimulatedWalmart, (walmart_seller.DESCRIPTION,)),
    Kind("woocommerce", shops.SimulatedWooCommerce),
    Kind("zalando", shops.SimulatedZalando, (test_zalando.DESCRIPTION,)),
    Kind("zoho-inventory", shops.SimulatedZohoInventory, (test_zoho_inventory.DESCRIPTION,)),
)
ANOTHER = {
    "dynamics-dataverse": Kind("dynamics-365", shops.SimulatedDataverse),
    "salesforce-omnichannel": Kind(
        "salesforce-commerce-cloud", shops.SimulatedSalesforceOmnichannel, salesforce_site.DESCRIPTIONS
    ),
}
KINDS: Mapping[str, Kind] = {**{kind.platform: kind for kind in ONE_OF_EACH}, **ANOTHER}
"""By the name of the channel; one for each platform, and one more where two kinds of shops differ in their stock."""
