"""Odoo, the ERP: on-hand quantities, sales orders, two remote APIs."""

from connectors.platforms.odoo.connector import Odoo

__all__ = ["Odoo"]
