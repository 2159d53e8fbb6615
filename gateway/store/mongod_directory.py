"""The files of a private database: its data, its log, who owns it and where it listens."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.inventory.ports import StorageError


class DirectoryUnusable(StorageError):
    """The data directory cannot be created or written."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a private mongod listens, and the name of its replica set, which no other data directory shares.

    The name makes the URI safe to keep: a client never takes another mongod that later listens on the port for ours.
    """

    replica_set: str
    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        return f"mongodb://{self.host}/?replicaSet={self.replica_set}"


class MongodDirectory:
    """The files of one private database. Exactly one process may own it at a time; the kernel frees it at its end."""

    def __init__(self, data_dir: Path) -> None:
        root = data_dir.resolve()
        self.database_path = root / "mongod"
        self.log_path = root / "mongod.log"
        self._address_path = root / "mongod.json"
        self._owner_path = root / "mongod.owner"
        self._owner_file: int | None = None
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.database_path.mkdir(mode=0o700, exist_ok=True)
            self.database_path.chmod(0o700)
        except OSError as error:
            raise DirectoryUnusable(f"The data directory {root} cannot be used: {error}") from error

    def acquire(self) -> bool:
        """Become the owner; False while another process, or another user in this process, is."""
        file = os.open(self._owner_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._owner_file = file
        return True

    def release(self) -> None:
        """Stop being the owner, if it was."""
        if self._owner_file is not None:
            os.close(self._owner_file)
            self._owner_file = None

    @property
    def has_data(self) -> bool:
        return (self.database_path / "WiredTiger").exists()

    def address(self) -> Address | None:
        """The address that the replica set's configuration holds, or None when that is not known for certain."""
        try:
            recorded = json.loads(self._address_path.read_text())
            return Address(str(recorded["replica_set"]), int(recorded["port"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None  # damaged from outside; a start finds out anew

    def record_address(self, address: Address) -> None:
        """Remember the address for other processes and the next start, all or nothing."""
        draft = self._address_path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(address)))
        draft.replace(self._address_path)

    def forget_address(self) -> None:
        """Called before the configuration changes, so that a crash in between cannot leave a wrong record."""
        self._address_path.unlink(missing_ok=True)

    def leftover_pid(self) -> int | None:
        """The mongod that runs on this data although the owner has not started it, if there is one.

        mongod leaves its process id in `mongod.lock` when it is killed. The id may by now be another program's, so
        only the kernel's word on its command line counts; where there is no /proc, no process is ever taken for ours.
        """
        try:
            pid = int((self.database_path / "mongod.lock").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        ours = b"--dbpath" in command and os.fsencode(self.database_path) in command
        return pid if ours else None
