from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import AddressRefused
from plugway.upstream import AddressPolicy
from plugway.upstream.guard import AddressDenied

POLICY = AddressPolicy()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.255", "0.0.0.0",  # noqa: S104  # not bound to
        "0.1.2.3", "10.0.0.1", "100.64.0.1",
        "100.100.100.200", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
        "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1",
        "2606:4700::1111%eth0", "ff02::1", "ff0e::1",
        "localhost", "", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.",
    ],
)  # fmt: skip
def test_addresses_that_are_not_for_everyone(address: str) -> None:
    assert not POLICY.admits(address, 443)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_public_addresses(address: str) -> None:
    assert POLICY.admits(address, 443)
    assert POLICY.admits(address, 8080)
    assert not POLICY.admits(address, 22)
    assert not POLICY.admits(address, 0)


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_admitted(address: object) -> None:
    text = str(address)
    parsed = ip_address(text)
    if POLICY.admits(text, 443):
        assert parsed.is_global
        assert not parsed.is_multicast
        assert not (isinstance(parsed, IPv6Address) and (parsed.sixtofour or parsed.teredo))


def test_exempt_is_one_address_with_one_port() -> None:
    policy = AddressPolicy(exempt=frozenset({("127.0.0.1", 9000)}))
    assert policy.admits("127.0.0.1", 9000)
    assert not policy.admits("127.0.0.1", 443)
    assert not policy.admits("127.0.0.2", 9000)


@pytest.mark.parametrize(
    "info",
    [
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
        (socket.AF_INET6, ("2606:4700::1111", 80, 0, 3)),
    ],
)
def test_no_socket_is_made_for_an_address_that_is_not_admitted(
    info: tuple[int, tuple[object, ...]],
) -> None:
    family, target = info
    with pytest.raises(AddressDenied):
        POLICY.open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", target))


def test_a_socket_is_made_for_a_public_address() -> None:
    for family, target in (
        (socket.AF_INET, ("8.8.8.8", 443)),
        (socket.AF_INET6, ("2606:4700::1111", 443, 0, 0)),
    ):
        with POLICY.open_socket((family, socket.SOCK_STREAM, 6, "", target)) as made:
            assert (made.family, made.type) == (family, socket.SOCK_STREAM)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://a.example:80/_x", "ftp://a.example:80", "//a.example",
        "a.example", "", "http://", "http:///x", "data:text/plain,x", "javascript:1", "unix:/x",
        "https://user@a.example", "https://user:password@a.example", "https://:p@a.example",
        "http://a.example:22", "http://a.example:6379", "https://a.example:0",
        "http://a.example:99999", "http://[::1", "http://[fe80::1%25eth0]:22/",
        "https://a.example/" + "x" * 9000,
    ],
)  # fmt: skip
def test_urls_whose_form_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        POLICY.check_url(url)
    assert "password" not in caught.value.message.replace("user or a password", "")


@pytest.mark.parametrize(
    "url",
    ["https://a.example/x?y=1", "http://a.example:8080", "https://a.example:8443", "http://ü.de/"],
)
def test_urls_whose_form_is_fine(url: str) -> None:
    assert POLICY.check_url(url).host
