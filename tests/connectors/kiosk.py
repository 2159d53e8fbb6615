"""The worked example of the connectors' README, as a module of that text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from connectors.base import Connector

README = Path(__file__).parents[2] / "connectors" / "README.md"


def source() -> str:
    """The README's one block of Python."""
    [block] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    return str(block)


def kiosk() -> Connector[Any]:
    """The connector that it defines."""
    names: dict[str, Any] = {"__name__": "kiosk"}
    exec(compile(source(), str(README), "exec", dont_inherit=True), names)
    connector: Connector[Any] = names["Kiosk"]()
    return connector
