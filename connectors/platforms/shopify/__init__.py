"""Shopify and its point of sale: one Admin API (GraphQL), two kinds of channel."""

from connectors.platforms.shopify.connector import Shopify, ShopifyPos

__all__ = ["Shopify", "ShopifyPos"]
