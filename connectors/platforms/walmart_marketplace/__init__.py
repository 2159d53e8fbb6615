"""Walmart Marketplace."""

from connectors.platforms.walmart_marketplace.connector import WalmartMarketplace

__all__ = ["WalmartMarketplace"]
