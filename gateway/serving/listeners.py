"""The sockets that the server processes accept connections on."""

from __future__ import annotations

import contextlib
import resource
import socket
import sys

UNREAD_SECONDS_MAX = 60
"""How long a client may leave what was sent to it unread or unacknowledged; then the kernel ends its connection."""


class AddressUnavailable(Exception):
    """The address cannot be listened on."""


def bind_listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """Bind one socket per server process, all to one address; nothing listens yet. Raises AddressUnavailable.

    On Linux the kernel spreads new connections evenly over sockets that share a port. The parent keeps them open, so
    connections that wait for a process which has died are accepted by its successor. Elsewhere the processes share
    one socket.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # Without SO_REUSEPORT, so that an address on which another program listens is refused and not shared with it.
        first = _bound(family, address, shared=False)
        if count == 1:
            return [first]
        if sys.platform != "linux":
            return [first] * count
        address = first.getsockname()
        first.close()
        with contextlib.ExitStack() as bound:
            listeners = [bound.enter_context(_bound(family, address, shared=True)) for _ in range(count)]
            bound.pop_all()
        return listeners
    except OSError as error:
        raise AddressUnavailable(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error


def url_of(listener: socket.socket) -> str:
    """The address as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def allow_many_connections() -> None:
    """Raise the process's limit on open files as far as it may; usual defaults end at about 1,000 connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        # A platform's own ceiling may be lower than it says; then the limit stays as it is.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(family: int, address: tuple[object, ...], *, shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if sys.platform == "linux":
            # Accepted connections inherit it: https://man7.org/linux/man-pages/man7/tcp.7.html
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS_MAX * 1_000)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
