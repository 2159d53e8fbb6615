"""Which network addresses a channel may lead to. Operators type addresses in, and a name can resolve to anything, also
to something else at the next look-up: so the check is made on the very address that is about to be connected to."""

import errno
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
AddressInfo: TypeAlias = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]

NAT64 = ip_network("64:ff9b::/96")
NOT_GLOBAL = tuple(
    ip_network(network) for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "5f00::/16", "fec0::/10")
)
"""Stand for addresses of a network of one's own; not every Python's `is_global` knows them.

https://www.iana.org/assignments/iana-ipv6-special-registry
"""


class AddressRefused(OSError):
    """The text is the same for every address, so that several refusals of one name remain this error."""

    def __init__(self) -> None:
        super().__init__(errno.EPERM, "the address is in a private network")


def guarded_sockets(allowed: Sequence[Network]) -> Callable[[AddressInfo], socket.socket]:
    """Makes sockets for public addresses and for the allowed networks; raises `AddressRefused` for all others."""

    def open_socket(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, target = info
        if not is_permitted(str(target[0]), allowed):
            raise AddressRefused
        return socket.socket(family=family, type=kind, proto=protocol)

    return open_socket


def is_permitted(address: str, allowed: Sequence[Network]) -> bool:
    target = _innermost(ip_address(address.partition("%")[0]))
    if any(target in network for network in allowed):
        return True
    return target.is_global and not target.is_multicast and not any(target in network for network in NOT_GLOBAL)


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, where it does: the traffic ends there."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address
