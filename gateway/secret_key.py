"""The key that encrypts channel secrets at rest: given by the operator, or generated once in the data directory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

FILE_NAME = "secret.key"


class SecretKeyInvalid(Exception):
    """The given or stored key is not a Fernet key."""


def open_secret_key(given: str | None, data_dir: Path) -> MultiFernet:
    """The key for channel secrets.

    `given` is GATEWAY_SECRET_KEY: one Fernet key, or several separated by commas, of which the first encrypts and all
    decrypt; so a key is rotated by putting a new one in front. Without it the key is read from `secret.key` in the
    data directory, and generated there, readable by its owner alone, if there is none. Any number of processes may do
    this at once; all get the same key. Raises SecretKeyInvalid.
    """
    if given is not None:
        return _cipher(given, "GATEWAY_SECRET_KEY")
    path = data_dir / FILE_NAME
    if not path.exists():
        _create(path)
    return _cipher(path.read_text("ascii", "replace"), str(path))


def check_secret_key(given: str | None, data_dir: Path) -> None:
    """Raise SecretKeyInvalid for a key that is none, before any channel needs it; none is made."""
    if given is not None or (data_dir / FILE_NAME).exists():
        open_secret_key(given, data_dir)


def _cipher(keys: str, source: str) -> MultiFernet:
    parts = [part.strip() for part in keys.split(",") if part.strip()]
    if not parts:
        raise SecretKeyInvalid(f"{source} holds no key. {_ADVICE}")
    try:
        return MultiFernet([Fernet(part) for part in parts])
    except ValueError:
        # The message must not quote what may be most of a key.
        raise SecretKeyInvalid(f"{source} is not a Fernet key. {_ADVICE}") from None


def _create(path: Path) -> None:
    """Write a new key, unless another process is first: linking a complete file into place cannot overwrite one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".secret-", dir=path.parent)  # created with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        os.unlink(draft)


_ADVICE = 'Make one with: python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
