from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import ConfigurationError
from plugway.identity.address import ClientAddress, parse_address, parse_network

OURS = ("10.0.0.0/8", "fd00::/8", "192.0.2.1")


def scope(peer: str | None, *forwarded: str, name: bytes = b"x-forwarded-for") -> dict[str, Any]:
    return {
        "type": "http",
        "client": None if peer is None else (peer, 4711),
        "headers": [(b"host", b"x"), *((name, value.encode()) for value in forwarded)],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # Nobody forwards, or it is not one of ours who does.
        ("198.51.100.7", (), "198.51.100.7"),
        ("198.51.100.7", ("1.1.1.1",), "198.51.100.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        # From the right: what stands further left may be made up by the client.
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.1.1.1, 203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.1.1.1, 203.0.113.9, 10.9.9.9",), "203.0.113.9"),
        ("10.0.0.1", ("127.0.0.1, 203.0.113.9 , 192.0.2.1",), "203.0.113.9"),
        ("10.0.0.1", ("10.0.0.2, 10.0.0.3",), "10.0.0.2"),
        # Several headers are one list.
        ("10.0.0.1", ("1.1.1.1", "203.0.113.9"), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9", "10.0.0.2"), "203.0.113.9"),
        # What is no address ends the walk where it is known to be true.
        ("10.0.0.1", ("203.0.113.9, unknown",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.9, unknown, 10.0.0.2",), "10.0.0.2"),
        ("10.0.0.1", ("203.0.113.9,",), "10.0.0.1"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.9, 10.0.0.02",), "10.0.0.1"),
        ("10.0.0.1", ("0x7f.1",), "10.0.0.1"),
        ("10.0.0.1", ("2130706433",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.9\x00",), "10.0.0.1"),
        ("10.0.0.1", ("localhost",), "10.0.0.1"),
        # Ports, as some proxies write them.
        ("10.0.0.1", ("203.0.113.9:5555",), "203.0.113.9"),
        ("10.0.0.1", ("[2001:db8::1]:5555",), "2001:db8::1"),
        ("10.0.0.1", ("[2001:db8::1]",), "2001:db8::1"),
        ("10.0.0.1", ("[2001:db8::1",), "10.0.0.1"),
        ("10.0.0.1", ("[2001:db8::1]x",), "10.0.0.1"),
        # IPv6, and IPv4 inside it.
        ("fd00::1", ("2001:DB8:0:0::1",), "2001:db8::1"),
        ("::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("::ffff:203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9, ::ffff:10.0.0.2",), "203.0.113.9"),
        ("::ffff:198.51.100.7", ("1.1.1.1",), "198.51.100.7"),
        ("fe80::1%eth0", (), "fe80::1"),
        # A peer without an address is not one of ours.
        (None, ("203.0.113.9",), ""),
        ("", ("203.0.113.9",), ""),
        ("/run/plugway.sock", ("203.0.113.9",), ""),
        ("testclient", (), ""),
    ],
)
def test_the_hop_that_is_believed(
    peer: str | None, forwarded: tuple[str, ...], expected: str
) -> None:
    assert ClientAddress(OURS).client_ip(scope(peer, *forwarded)) == expected


def test_without_trusted_proxies_nothing_is_believed() -> None:
    assert ClientAddress().client_ip(scope("127.0.0.1", "203.0.113.9")) == "127.0.0.1"


@pytest.mark.parametrize(
    "name", [b"x-real-ip", b"forwarded", b"x-client-ip", b"cf-connecting-ip", b"true-client-ip"]
)
def test_other_headers_say_nothing(name: bytes) -> None:
    assert ClientAddress(OURS).client_ip(scope("10.0.0.1", "203.0.113.9", name=name)) == "10.0.0.1"


@pytest.mark.parametrize("bad", ["10.0.0.0/33", "10.0.0.1/8", "proxy.example", "", "*"])
def test_a_bad_network_is_named(bad: str) -> None:
    with pytest.raises(ConfigurationError, match="trusted_proxies") as caught:
        ClientAddress(("10.0.0.0/8", bad))
    assert repr(bad) in caught.value.message


def test_a_network_of_ipv4_inside_ipv6_is_the_ipv4_one() -> None:
    assert parse_network("::ffff:10.0.0.0/104") == ip_network("10.0.0.0/8")
    assert parse_network("::ffff:10.1.2.3") == ip_network("10.1.2.3")
    assert parse_network("::/0") == ip_network("::/0")


addresses = st.ip_addresses().map(str)


@given(addresses, st.lists(st.one_of(addresses, st.text(max_size=20)), max_size=6))
def test_a_stranger_cannot_choose_an_address(peer: str, hops: list[str]) -> None:
    find = ClientAddress(OURS)
    ours = [ip_network(text) for text in OURS]
    found = find.client_ip(scope(peer, ",".join(hops)))
    if not any(parse_address(peer) in network for network in ours):
        assert found == str(parse_address(peer))


@given(st.lists(st.one_of(addresses, st.text(max_size=20)), max_size=6), addresses)
def test_what_is_found_is_an_address_and_all_to_its_right_are_ours(
    hops: list[str], client: str
) -> None:
    find = ClientAddress(OURS)
    ours = [ip_network(text) for text in OURS]
    if any(parse_address(client) in network for network in ours):
        return
    # Our proxy at 10.0.0.1 appended the client's address, whatever the client sent.
    sent = ",".join(hop.replace("\ud800", "") for hop in hops)
    assert find.client_ip(scope("10.0.0.1", f"{sent},{client}")) == str(parse_address(client))


@given(st.binary(max_size=200))
def test_any_bytes_give_an_address(value: bytes) -> None:
    made = scope("10.0.0.1")
    made["headers"].append((b"x-forwarded-for", value))
    ip_address(ClientAddress(OURS).client_ip(made))
