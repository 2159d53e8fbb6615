"""PrestaShop."""

from connectors.platforms.prestashop.connector import PrestaShop

__all__ = ["PrestaShop"]
