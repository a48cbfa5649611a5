from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from plugway.errors import (
    AddressRefused,
    ConfigurationError,
    PayloadTooLarge,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.upstream import AddressPolicy, Fetched, Upstream

pytestmark = pytest.mark.anyio

LIMIT = 100_000


class Names(AbstractResolver):
    """Answers each question of a name with the next of its addresses; the last one stays."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise OSError(None, "no such name")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def allow(*servers: Any) -> AddressPolicy:
    """Admit the ports of these servers by their loopback address, and otherwise the usual."""
    ports = {server.port for server in servers}
    return AddressPolicy(
        ports=AddressPolicy().ports | ports,
        exempt=frozenset(("127.0.0.1", port) for port in ports),
    )


async def fetch(upstream: Upstream, url: str, **rest: Any) -> Fetched:
    rest.setdefault("max_bytes", LIMIT)
    rest.setdefault("timeout", 10)
    return await upstream.fetch(url, **rest)


async def hello(peer: Any) -> None:
    await peer.request()
    await peer.answer(b"hello", "200 OK", "Content-Type: text/plain", "Set-Cookie: a=b")


@pytest.fixture
def refused_words() -> str:
    return AddressRefused().message


async def test_a_fetch(open_upstream: Any, serve: Any) -> None:
    server = await serve(hello)
    upstream = await open_upstream(policy=allow(server))
    got = await fetch(upstream, f"{server.url}/a?b=c", headers=[("X-A", "1")])
    assert got == Fetched(
        status=200, content_type="text/plain", body=b"hello", url=f"{server.url}/a?b=c"
    )
    head = server.heads[0].decode()
    assert head.startswith("GET /a?b=c HTTP/1.1\r\n")
    assert "X-A: 1\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head


async def test_a_callback_is_posted_and_its_redirect_is_not_followed(
    open_upstream: Any, serve: Any
) -> None:
    bodies = []

    async def answer(peer: Any) -> None:
        bodies.append(await peer.request())
        await peer.answer(b"", "307 Temporary Redirect", f"Location: {server.url}/again")

    server = await serve(answer)
    upstream = await open_upstream(policy=allow(server))
    got = await fetch(upstream, server.url, method="POST", body=b"{}")
    assert (got.status, bodies, len(server.heads)) == (307, [b"{}"], 1)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.2", "127.1", "0.0.0.0",  # noqa: S104  # not bound to
        "2130706433", "0x7f000001", "0177.0.0.1",
        "0x7f.1", "017700000001", "127.0.0.1.", "localhost", "localhost.", "LOCALHOST",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[::1%25lo]",
        "169.254.169.254", "①②⑦.⓪.⓪.①", "127。0。0。1", "[fd00:ec2::254]",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_private_address_is_connected_to(
    open_upstream: Any, serve: Any, refused_words: str, host: str
) -> None:
    server = await serve(hello)
    # Its port is admitted, its address is not.
    policy = AddressPolicy(ports=frozenset({server.port}))
    upstream = await open_upstream(policy=policy)
    with pytest.raises(AddressRefused):
        await fetch(upstream, f"http://{host}:{server.port}/")
    assert server.connections == 0


async def test_a_private_name_and_an_unknown_one_look_the_same(
    open_upstream: Any, refused_words: str
) -> None:
    names = Names(intranet_example=[["10.0.0.1"]], both_example=[["10.0.0.1", "fd00::1"]])
    upstream = await open_upstream(resolver=names)
    seen = set()
    for name in ("intranet.example", "both.example", "unknown.example"):
        with pytest.raises(AddressRefused) as caught:
            await fetch(upstream, f"https://{name}/")
        seen.add((type(caught.value), caught.value.message, caught.value.status))
    assert seen == {(AddressRefused, refused_words, 400)}


async def test_a_name_that_turns_private_between_two_questions(
    open_upstream: Any, serve: Any
) -> None:
    inside = await serve(hello)
    names = Names(rebind_example=[["127.0.0.1"], ["127.0.0.2"]])
    policy = allow(inside)
    upstream = await open_upstream(policy=policy, resolver=names)
    url = f"http://rebind.example:{inside.port}/"
    assert (await fetch(upstream, url)).body == b"hello"
    with pytest.raises(AddressRefused):
        await fetch(upstream, url)
    assert names.asked == ["rebind.example"] * 2
    assert inside.connections == 1


async def test_of_several_addresses_only_the_admitted_are_tried(
    open_upstream: Any, serve: Any
) -> None:
    server = await serve(hello)
    names = Names(mixed_example=[["127.0.0.2", "10.0.0.1", "127.0.0.1", "::1"]])
    upstream = await open_upstream(policy=allow(server), resolver=names)
    got = await fetch(upstream, f"http://mixed.example:{server.port}/")
    assert got.body == b"hello"


async def test_redirects_are_followed_three_times(open_upstream: Any, serve: Any) -> None:
    async def count(peer: Any) -> None:
        await peer.request()
        step = int(peer.lines()[0].split(" ")[1][1:])
        await peer.answer(b"%d" % step, "302 Found", f"Location: {step - 1}" if step else "X: y")

    server = await serve(count)
    upstream = await open_upstream(policy=allow(server))
    got = await fetch(upstream, f"{server.url}/3")
    assert (got.url, got.body) == (f"{server.url}/0", b"0")
    with pytest.raises(UpstreamError, match="redirects too often"):
        await fetch(upstream, f"{server.url}/4")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/", "http://[::1]:{port}/", "http://localhost.:22/",
        "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://a/_x",
        "//127.0.0.2:{port}/", "http://user:p@127.0.0.1:{port}/", "http://[", "http://0x7f.2:{port}/",
    ],
)  # fmt: skip
async def test_a_redirect_is_checked_like_the_first_url(
    open_upstream: Any, serve: Any, location: str
) -> None:
    async def redirect(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"", "302 Found", "Location: " + location.format(port=server.port))

    server = await serve(redirect)
    upstream = await open_upstream(policy=allow(server))
    with pytest.raises(AddressRefused):
        await fetch(upstream, server.url)
    assert server.connections == 1


async def test_headers_go_no_further_than_the_first_origin(open_upstream: Any, serve: Any) -> None:
    other = await serve(hello)

    async def redirect(peer: Any) -> None:
        await peer.request()
        path = peer.lines()[0].split(" ")[1]
        await peer.answer(b"", "302 Found", f"Location: {'/two' if path == '/' else other.url}")

    server = await serve(redirect)
    upstream = await open_upstream(policy=allow(server, other))
    await fetch(upstream, server.url, headers=[("X-Signature", "secret")])
    assert [b"X-Signature" in head for head in server.heads] == [True, True]
    assert b"X-Signature" not in other.heads[0]


async def test_a_body_that_is_too_large(open_upstream: Any, serve: Any) -> None:
    async def pour(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")

    server = await serve(pour)
    upstream = await open_upstream(policy=allow(server))
    with pytest.raises(PayloadTooLarge, match=str(LIMIT)):
        await fetch(upstream, server.url)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-GZIP", gzip.compress), ("deflate", zlib.compress)],
)
@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 50_000_000])
async def test_a_packed_body_is_bounded_by_what_it_unpacks_to(
    open_upstream: Any, serve: Any, encoding: str, pack: Any, size: int
) -> None:
    packed = pack(bytes(size))

    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.answer(packed, "200 OK", f"Content-Encoding: {encoding}")

    server = await serve(answer)
    upstream = await open_upstream(policy=allow(server))
    if size <= LIMIT:
        assert (await fetch(upstream, server.url)).body == bytes(size)
    else:
        tracemalloc.start()
        try:
            with pytest.raises(PayloadTooLarge):
                await fetch(upstream, server.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2_000_000


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("br", b"x", UpstreamError),
        ("gzip, gzip", b"x", UpstreamError),
        ("gzip", b"not gzip", UpstreamError),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-4], UpstreamInterrupted),
    ],
)
async def test_a_packed_body_that_cannot_be_unpacked(
    open_upstream: Any, serve: Any, encoding: str, body: bytes, error: type[Exception]
) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.answer(body, "200 OK", f"Content-Encoding: {encoding}")

    server = await serve(answer)
    upstream = await open_upstream(policy=allow(server))
    with pytest.raises(error):
        await fetch(upstream, server.url)


@pytest.mark.parametrize("where", ["connect", "headers", "body", "redirects"])
async def test_the_time_bounds_everything(open_upstream: Any, serve: Any, where: str) -> None:
    async def stall(peer: Any) -> None:
        if where == "connect":
            await peer.gone()
        await peer.request()
        if where == "body":
            await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
        if where == "redirects":
            await asyncio.sleep(0.2)
            await peer.answer(b"", "302 Found", "Location: /")
        await peer.gone()

    server = await serve(stall)
    upstream = await open_upstream(policy=allow(server))
    url = server.url if where != "connect" else f"https://127.0.0.1:{server.port}"
    with pytest.raises(UpstreamTimeout):
        await fetch(upstream, url, timeout=0.3)


async def test_a_server_that_is_down_or_hangs_up(open_upstream: Any, serve: Any) -> None:
    async def hang_up(peer: Any) -> None:
        await peer.request()

    server = await serve(hang_up)
    upstream = await open_upstream(policy=allow(server))
    with pytest.raises(UpstreamInterrupted):
        await fetch(upstream, server.url)
    assert len(server.heads) == 1
    await server.stop()
    with pytest.raises(UpstreamUnreachable, match="refused"):
        await fetch(upstream, server.url)


async def test_the_environments_proxy_is_not_for_client_given_urls(
    open_upstream: Any, serve: Any
) -> None:
    proxy = await serve(hello)
    names = Names(public_example=[["10.0.0.1"]])
    upstream = await open_upstream(
        environ={"HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url}, resolver=names
    )
    with pytest.raises(AddressRefused):
        await fetch(upstream, "http://public.example/")
    assert proxy.connections == 0


async def test_a_proxy_chosen_for_it_gets_no_private_literal(
    open_upstream: Any, serve: Any
) -> None:
    proxy = await serve(hello)
    upstream = await open_upstream(fetch_proxy=proxy.url)
    assert (await fetch(upstream, "http://public.example/")).body == b"hello"
    assert proxy.heads[0].startswith(b"GET http://public.example/ HTTP/1.1\r\n")
    for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"):
        with pytest.raises(AddressRefused):
            await fetch(upstream, f"http://{host}/")
    assert proxy.connections == 1


async def test_a_proxy_chosen_for_it_must_speak_http(open_upstream: Any) -> None:
    with pytest.raises(ConfigurationError):
        await open_upstream(fetch_proxy="socks5://127.0.0.1:1080")
