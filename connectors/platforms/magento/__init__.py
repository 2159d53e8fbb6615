"""Magento / Adobe Commerce."""

from connectors.platforms.magento.connector import Magento

__all__ = ["Magento"]
