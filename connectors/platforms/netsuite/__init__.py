"""Oracle NetSuite, through SuiteTalk REST and a script of ours."""

from connectors.platforms.netsuite.connector import NetSuite

__all__ = ["NetSuite"]
