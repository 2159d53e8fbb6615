"""BigCommerce."""

from connectors.platforms.bigcommerce.connector import BigCommerce

__all__ = ["BigCommerce"]
