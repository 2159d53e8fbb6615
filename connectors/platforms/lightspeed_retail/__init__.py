"""Lightspeed Retail, R-Series."""

from connectors.platforms.lightspeed_retail.connector import LightspeedRetail

__all__ = ["LightspeedRetail"]
