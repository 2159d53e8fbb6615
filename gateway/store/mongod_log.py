"""mongod's log file: kept for two starts, and read back when something went wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

_TAIL_BYTES = 64 * 1024
_LINE_CHARACTERS_MAX = 400


def rotate(log_path: Path) -> None:
    """Start an empty log; the previous one stays beside it, the one before that goes."""
    if log_path.exists():
        log_path.replace(log_path.with_name(log_path.name + ".1"))


def troubles(log_path: Path, lines_max: int = 8) -> str:
    """The last warnings and errors of the log, one per line; empty when there are none."""
    try:
        with log_path.open("rb") as file:
            if (skipped := os.fstat(file.fileno()).st_size - _TAIL_BYTES) > 0:
                file.seek(skipped)
                file.readline()  # most likely the end of a line
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    readable = [text for line in lines if (text := _trouble(line))]
    return "\n".join(text[:_LINE_CHARACTERS_MAX] for text in readable[-lines_max:])


def _trouble(line: str) -> str:
    """A failing mongod ends with dozens of ordinary lines about its shutdown, so those are left out."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line  # not mongod's own: the system's loader, or a crash
    if (
        not isinstance(entry, dict)
        or entry.get("s") not in ("W", "E", "F")
        or "startupWarnings" in entry.get("tags", ())
    ):
        return ""
    details = json.dumps(entry["attr"]) if "attr" in entry else ""
    return f"{entry.get('msg')} {details}".strip()
