"""Square: shops and tills with catalogue ids, counts per location and orders."""

from connectors.platforms.square.connector import Square

__all__ = ["Square"]
