"""Salesforce B2C Commerce (Commerce Cloud), with the stock store of its own or with Omnichannel Inventory."""

from connectors.platforms.salesforce_commerce_cloud.connector import SalesforceCommerceCloud

__all__ = ["SalesforceCommerceCloud"]
