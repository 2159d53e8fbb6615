"""Zalando."""

from connectors.platforms.zalando.connector import Zalando

__all__ = ["Zalando"]
