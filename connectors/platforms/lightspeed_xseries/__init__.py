"""Lightspeed Retail, X-Series."""

from connectors.platforms.lightspeed_xseries.connector import LightspeedXSeries

__all__ = ["LightspeedXSeries"]
