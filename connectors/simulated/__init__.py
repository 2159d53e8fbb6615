"""Shops that speak the vendors' protocols on this machine, for the demo and the tests."""

from connectors.simulated.amazon_seller_central import SimulatedAmazon
from connectors.simulated.bigcommerce import SimulatedBigCommerce
from connectors.simulated.clover import SimulatedClover
from connectors.simulated.lightspeed_retail import SimulatedLightspeedRetail
from connectors.simulated.lightspeed_xseries import SimulatedLightspeedXSeries
from connectors.simulated.netsuite import SimulatedNetSuite
from connectors.simulated.odoo import SimulatedOdoo
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.square import SimulatedSquare
from connectors.simulated.woocommerce import SimulatedWooCommerce

__all__ = [
    "SimulatedAmazon",
    "SimulatedBigCommerce",
    "SimulatedClover",
    "SimulatedLightspeedRetail",
    "SimulatedLightspeedXSeries",
    "SimulatedNetSuite",
    "SimulatedOdoo",
    "SimulatedShopify",
    "SimulatedSquare",
    "SimulatedWooCommerce",
]
