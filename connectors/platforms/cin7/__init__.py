"""Cin7: two products of one house with an API each, Core (formerly DEAR) and Omni."""

from connectors.platforms.cin7.core import Cin7Core
from connectors.platforms.cin7.omni import Cin7Omni

__all__ = ["Cin7Core", "Cin7Omni"]
