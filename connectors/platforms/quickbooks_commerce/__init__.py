"""QuickBooks Online, which followed QuickBooks Commerce."""

from connectors.platforms.quickbooks_commerce.connector import QuickBooksCommerce

__all__ = ["QuickBooksCommerce"]
