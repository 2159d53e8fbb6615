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
    return target.is_global and not target.is_multicast


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, where it does: the traffic ends there."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address
