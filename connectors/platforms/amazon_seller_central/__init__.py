"""Amazon Seller Central, through the Selling Partner API."""

from connectors.platforms.amazon_seller_central.connector import AmazonSellerCentral

__all__ = ["AmazonSellerCentral"]
