"""SAP Business One, the ERP: on-hand quantities by warehouse, sales by documents."""

from connectors.platforms.sap_business_one.connector import SapBusinessOne

__all__ = ["SapBusinessOne"]
