"""Shops that speak the vendors' protocols on this machine, for the demo and the tests."""

from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce

__all__ = ["SimulatedShopify", "SimulatedWooCommerce"]
