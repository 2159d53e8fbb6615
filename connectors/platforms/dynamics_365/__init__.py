"""Microsoft Dynamics 365 Supply Chain Management with its Inventory Visibility add-in."""

from connectors.platforms.dynamics_365.connector import Dynamics365

__all__ = ["Dynamics365"]
