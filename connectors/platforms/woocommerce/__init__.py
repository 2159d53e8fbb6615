"""WooCommerce, the shop plugin of WordPress."""

from connectors.platforms.woocommerce.connector import WooCommerce

__all__ = ["WooCommerce"]
