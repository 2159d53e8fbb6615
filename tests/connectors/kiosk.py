"""The worked example of the connectors' README, as a module of that text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from connectors.base import Connector

README = Path(__file__).parents[2] / "connectors" / "README.md"


def kiosk() -> Connector[Any]:
    """The connector that the README's one block of Python defines."""
    [block] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "kiosk"}
    exec(compile(block, str(README), "exec", dont_inherit=True), names)
    connector: Connector[Any] = names["Kiosk"]()
    return connector
