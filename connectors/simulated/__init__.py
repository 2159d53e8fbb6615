"""Shops that speak the vendors' protocols on this machine, for the demo and the tests."""

from connectors.simulated.amazon_seller_central import SimulatedAmazon
from connectors.simulated.bigcommerce import SimulatedBigCommerce
from connectors.simulated.cin7_core import SimulatedCin7Core
from connectors.simulated.cin7_omni import SimulatedCin7Omni
from connectors.simulated.clover import SimulatedClover
from connectors.simulated.dynamics_365 import SimulatedDynamics365
from connectors.simulated.dynamics_365_dataverse import SimulatedDataverse
from connectors.simulated.lightspeed_retail import SimulatedLightspeedRetail
from connectors.simulated.lightspeed_xseries import SimulatedLightspeedXSeries
from connectors.simulated.magento import SimulatedMagento
from connectors.simulated.netsuite import SimulatedNetSuite
from connectors.simulated.odoo import SimulatedOdoo
from connectors.simulated.prestashop import SimulatedPrestaShop
from connectors.simulated.quickbooks_commerce import SimulatedQuickBooks
from connectors.simulated.salesforce_commerce_cloud import SimulatedSalesforceClassic
from connectors.simulated.salesforce_omnichannel import SimulatedSalesforceOmnichannel
from connectors.simulated.sap_business_one import SimulatedSapBusinessOne
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.square import SimulatedSquare
from connectors.simulated.tradegecko import SimulatedTradeGecko
from connectors.simulated.walmart_marketplace import SimulatedWalmart
from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.simulated.zalando import SimulatedZalando
from connectors.simulated.zoho_inventory import SimulatedZohoInventory

__all__ = [
    "SimulatedAmazon",
    "SimulatedBigCommerce",
    "SimulatedCin7Core",
    "SimulatedCin7Omni",
    "SimulatedClover",
    "SimulatedDataverse",
    "SimulatedDynamics365",
    "SimulatedLightspeedRetail",
    "SimulatedLightspeedXSeries",
    "SimulatedMagento",
    "SimulatedNetSuite",
    "SimulatedOdoo",
    "SimulatedPrestaShop",
    "SimulatedQuickBooks",
    "SimulatedSalesforceClassic",
    "SimulatedSalesforceOmnichannel",
    "SimulatedSapBusinessOne",
    "SimulatedShopify",
    "SimulatedSquare",
    "SimulatedTradeGecko",
    "SimulatedWalmart",
    "SimulatedWooCommerce",
    "SimulatedZalando",
    "SimulatedZohoInventory",
]
