"""The platforms we connect: one line each."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from connectors.base import Connector
from connectors.platforms.amazon_seller_central import AmazonSellerCentral
from connectors.platforms.bigcommerce import BigCommerce
from connectors.platforms.cin7 import Cin7Core, Cin7Omni
from connectors.platforms.clover import Clover
from connectors.platforms.dynamics_365 import Dynamics365
from connectors.platforms.lightspeed_retail import LightspeedRetail
from connectors.platforms.lightspeed_xseries import LightspeedXSeries
from connectors.platforms.magento import Magento
from connectors.platforms.netsuite import NetSuite
from connectors.platforms.odoo import Odoo
from connectors.platforms.prestashop import PrestaShop
from connectors.platforms.quickbooks_commerce import QuickBooksCommerce
from connectors.platforms.salesforce_commerce_cloud import SalesforceCommerceCloud
from connectors.platforms.sap_business_one import SapBusinessOne
from connectors.platforms.shopify import Shopify, ShopifyPos
from connectors.platforms.square import Square
from connectors.platforms.tradegecko import TradeGecko
from connectors.platforms.walmart_marketplace import WalmartMarketplace
from connectors.platforms.woocommerce import WooCommerce
from connectors.platforms.zalando import Zalando
from connectors.platforms.zoho_inventory import ZohoInventory


def registry(connectors: Iterable[Connector[Any]]) -> Mapping[str, Connector[Any]]:
    """By name; two of one name are a mistake that must not start."""
    by_name: dict[str, Connector[Any]] = {}
    for connector in connectors:
        if connector.name in by_name:
            raise ValueError(f"two connectors are called {connector.name}")
        by_name[connector.name] = connector
    return MappingProxyType(by_name)


CONNECTORS: Mapping[str, Connector[Any]] = registry(
    (
        AmazonSellerCentral(),
        BigCommerce(),
        Cin7Core(),
        Cin7Omni(),
        Clover(),
        Dynamics365(),
        LightspeedRetail(),
        LightspeedXSeries(),
        Magento(),
        NetSuite(),
        Odoo(),
        PrestaShop(),
        QuickBooksCommerce(),
        SalesforceCommerceCloud(),
        SapBusinessOne(),
        Shopify(),
        ShopifyPos(),
        Square(),
        TradeGecko(),
        WalmartMarketplace(),
        WooCommerce(),
        Zalando(),
        ZohoInventory(),
    )
)
