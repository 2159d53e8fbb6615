"""Zoho Inventory."""

from connectors.platforms.zoho_inventory.connector import ZohoInventory

__all__ = ["ZohoInventory"]
