"""Who may enter, on each server: one decision, made from the path that is routed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from doors import DoorsPlugin, Reply, ask, head
from signed_tokens import HEADER, encoded, issue, sign

import plugway_bltcy
from plugway.identity.keys import digest
from plugway.server.carriers import ServerName
from plugway.storage.models import Key
from plugway.testing import GatewayServer
from plugway.testing.scripted import ScriptedUpstream

pytestmark = pytest.mark.anyio

#: Spellings of paths that something between client and gateway might read in another way.
TARGETS = [
    *(b"/closed", b"/closed/x", b"/open", b"/open/x", b"/api/admin/users", b"/api/me", b"/nowhere"),
    *(b"//closed", b"/open//closed", b"/./closed", b"/open/../closed", b"/open/..%2fclosed"),
    *(b"/open/%2e%2e/closed", b"/open/.%2E/closed", b"/open/%252e%252e/closed", b"/%2e/closed"),
    *(b"/open/..;/closed", b"/open;/../closed", b"/open/..\\closed", b"/open%5c..%5cclosed"),
    *(b"/Closed", b"/CLOSED/x", b"/closed/", b"/closed;x", b"/closed%3bx", b"/closed%20"),
    *(b"/clos%65d", b"/clos%65d/x", b"/%63losed", b"/closed%00", b"/closed%0d%0ax: y", b"/closed."),
    *(b"/open?/../closed", b"/open#/closed", b"/closed?/open", b"/closed%3f/open", b"/open%23"),
    *(b"http://gateway/closed", b"http://gateway/open/x", b"http://evil/closed", b"//evil/closed"),
    *(b"/api/admin/users/", b"/API/admin/users", b"/api//admin/users", b"/api/admin/%75sers"),
    *(b"/api/admin%2fusers", b"/api/me/../admin/users", b"/api/admin;/users", b"/api/./me"),
    *(b"*", b"closed", b"", b"/\xff", b"/%ff", b"/%c0%af", b"/open/%e2%80%a8"),
]

#: What proxies say of a request, and what frameworks have believed.
CLAIMS = [
    [],
    [b"X-Original-URL: /open", b"X-Rewrite-URL: /open", b"X-Forwarded-Uri: /open"],
    [b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: ::1", b"Forwarded: for=127.0.0.1;proto=https"],
    [b"X-Forwarded-Prefix: /open", b"X-Forwarded-Host: open", b"X-HTTP-Method-Override: OPTIONS"],
    [b"X-Forwarded-Proto: https", b"X-Forwarded-User: root", b"Remote-User: root"],
]

HOSTS = [b"x/../open", b"a?", b"a/open#", b"open", b"gateway/open", b"gateway:80@open", b"[::1]"]


class Entry:
    """Is a gateway with doors, an administrator and a user."""

    def __init__(self, server: GatewayServer) -> None:
        self.server = server

    async def prepare(self) -> None:
        """Make the keys."""
        root = await self.server.user("root", role="admin")
        self.admin = f"Authorization: Bearer {await self.server.key(root)}".encode()
        alice = await self.server.user("alice")
        self.user = f"Authorization: Bearer {await self.server.key(alice)}".encode()
        self.signer = await issue(self.server, alice)

    async def ask(self, target: bytes, *headers: bytes, host: bytes = b"gateway") -> Reply:
        """Make a request without a body."""
        return await ask(self.server.url, head(target, *headers, host=host))

    async def post(self, path: str, content: bytes, kind: bytes = b"application/json") -> Reply:
        """Send content as the administrator."""
        lines = [self.admin, b"Content-Type: " + kind, b"Content-Length: %d" % len(content)]
        data = head(path.encode(), *lines, method=b"POST") + content
        return await ask(self.server.url, data)


@pytest.fixture(scope="module", params=["hypercorn", "uvicorn", "granian"])
async def entry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Entry]:
    """Run it on each server in turn."""
    plugins = {"doors": DoorsPlugin(), "bltcy": plugway_bltcy}
    name = cast("ServerName", request.param)
    home = tmp_path_factory.mktemp("entry") / "home"
    async with GatewayServer(home, plugins=plugins, server=name) as server:
        entry = Entry(server)
        await entry.prepare()
        yield entry


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    """Run an upstream."""
    upstream = ScriptedUpstream()
    await upstream.start()
    yield upstream
    await upstream.stop()


async def test_the_decision_is_the_routed_endpoint_s(entry: Entry) -> None:
    """Whatever lets the administrator in asks the same of everyone else."""
    passed = set()
    for target in TARGETS:
        known = await entry.ask(target, entry.admin)
        passed.add(known.door)
        for claims in CLAIMS:
            said = (target, claims)
            anonymous = await entry.ask(target, *claims)
            user = await entry.ask(target, entry.user, *claims)
            if known.door is None:
                # Refused for what it is: nobody's rights have a part in it.
                assert anonymous.status == user.status == known.status, said
                assert known.status in (0, 400, 404, 405), said
            elif known.door == "open":
                assert anonymous == anonymous._replace(body=known.body), said
                assert anonymous.status == 200, said
            else:
                assert anonymous.status == 401, said
                if b"admin" in target:
                    assert user.status == 403, said
                else:
                    assert user.status == 200, said
                    assert b"root" not in user.body, said
    assert passed == {"open", "closed", "other", None}


async def test_what_the_host_header_says_changes_nothing(entry: Entry) -> None:
    for target in (b"/closed", b"/api/admin/users", b"/open"):
        plain = await entry.ask(target)
        for host in HOSTS:
            reply = await entry.ask(target, host=host)
            # Some servers refuse a host that is none.
            assert reply.status in (plain.status, 400), (target, host)
            admitted = await entry.ask(target, entry.user, host=host)
            assert admitted.status in ((403 if b"admin" in target else 200), 400), (target, host)


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization:",
        b"Authorization: Bearer",
        b"Authorization: Bearer ",
        b"Authorization: Bearer ''",
        b'Authorization: Bearer "{key}"',
        b"Authorization: Bearer {key}'",
        b"Authorization: Bearer ' OR '1'='1",
        b"Authorization: Bearer {key} {key}",
        b"Authorization: Bearer {key},{key}",
        b"Authorization: Bearer\t{key}",
        b"Authorization: Bearer  \xc2\xa0{key}",
        b"Authorization: Basic {key}",
        b"Authorization: Token {key}",
        b"Authorization: {key}",
        b"Authorization: Bearer sk-\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91",
        b"Authorization: Bearer \xff\xfe\xfd0123456789",
        b"Authorization: Bearer sk-%00" + b"a" * 40,
        b"Authorization: Bearer " + b"a" * 30_000,
        b"Authorization: Bearer {key}\r\nAuthorization: Bearer {key}",
        b"Authorization: Bearer {key}\r\nX-API-Key: {key}",
        b"X-API-Key:",
        b"X-API-Key: ' OR 1=1 --",
        b"X-API-Key: Bearer {key}",
        b"X-API-Key: {key}\r\nX-API-Key: {key}",
        b"X-Goog-Api-Key: {key}",
        b"Cookie: key={key}; session={key}",
        b"Proxy-Authorization: Bearer {key}",
    ],
)
async def test_what_is_no_key_is_401_of_one_shape(line: bytes, entry: Entry) -> None:
    nobody = await entry.ask(b"/closed")
    line = line.replace(b"{key}", entry.user.rpartition(b" ")[2])
    for target in (b"/closed", b"/api/admin/users", b"/runway/x"):
        reply = await entry.ask(target, line)
        assert reply.status == 401, (line[:99], reply)
        if target != b"/runway/x":
            error, plain = reply.json["error"], nobody.json["error"]
            assert {**error, "request_id": ""} == {**plain, "request_id": ""}
            assert (reply.names, len(reply.body)) == (nobody.names, len(nobody.body))
        else:
            assert reply.json == {"code": "not_authenticated", "message": plain["message"]}


async def test_what_is_no_token_is_401_of_one_shape(entry: Entry) -> None:
    nobody = await entry.ask(b"/closed")
    signer, now = entry.signer, int(time.time())
    good = signer.token(now)
    claims, secret = signer.claims(now), signer.secret
    text, _, signature = good.rpartition(b".")
    for token in (
        encoded({"alg": "none"}) + b"." + encoded(claims) + b".",
        encoded({"alg": "none"}) + b"." + encoded(claims) + b"." + signature,
        sign(claims, signer.access_key),
        sign(claims, b""),
        sign(claims, secret, {**HEADER, "alg": "RS256"}),
        sign(claims, secret, {**HEADER, "alg": "ES256"}),
        sign(claims, secret, {**HEADER, "alg": "HS512"}, "sha512"),
        sign(claims, b"", {**HEADER, "kid": "../../../../dev/null"}),
        sign(claims, b"1", {**HEADER, "kid": "x' UNION SELECT '1' --"}),
        signer.token(now, iss="' OR '1'='1"),
        signer.token(now, iss="ak-" + "A" * 32),
        signer.token(now, iss=["root"]),
        signer.token(now, exp=...),
        signer.token(now, exp=str(now + 60)),
        signer.token(now, exp=now - 3600),
        signer.token(now, exp=now + 100 * 365 * 86_400),
        signer.token(now, nbf=now + 3600),
        sign(f'{{"iss":"{signer.access_key}","exp":1e400}}'.encode(), secret),
        sign(f'{{"iss":"{signer.access_key}","exp":NaN}}'.encode(), secret),
        sign(f'{{"iss":"{signer.access_key}","exp":1,"exp":{now + 60}}}'.encode(), secret),
        sign(b"[" * 5000, secret),
        sign(b"\xff\xfe", secret),
        signer.token(now, padding="A" * 8192),
        b".".join((*good.split(b"."), b"AA", b"AA")),
        *(text, text + b".", good + b"=", good[:-1], good + b"." + good),
    ):
        reply = await entry.ask(b"/closed", b"Authorization: Bearer " + token)
        assert reply.status == 401, (token[:200], reply)
        assert {**reply.json["error"], "request_id": ""} == {
            **nobody.json["error"],
            "request_id": "",
        }
        assert (reply.names, len(reply.body)) == (nobody.names, len(nobody.body))
    # The same key, signed as it should be, opens the doors of its user and no others.
    line = b"Authorization: Bearer " + good
    assert (await entry.ask(b"/closed", line)).json["user"] == "alice"
    assert (await entry.ask(b"/api/me", line)).json["key"]["kind"] == "pair"
    assert (await entry.ask(b"/api/admin/users", line)).status == 403
    assert (await entry.ask(b"/closed", line, entry.user)).status == 401


@pytest.mark.parametrize(
    "lines",
    [
        [b"Authorization: Bearer " + b"a" * 1_000_000],
        [b"Authorization: Bearer a\0b" + b"c" * 20],
        [b"Authorization: Bearer a\rX-Injected: 1"],
        [b"Authorization: Bearer a\r\n folded"],
        [b"X-%d: a" % number for number in range(100_000)],
        [b"X-A: " + b"b" * 200_000],
    ],
    ids=["1 MB", "NUL", "CR", "folded", "100 000", "200 kB"],
)
async def test_heads_that_no_client_sends_end_early(lines: list[bytes], entry: Entry) -> None:
    reply = await entry.ask(b"/closed", *lines)
    assert reply.status in (0, 400, 401, 431), reply
    assert b"Traceback" not in reply.body
    # Nobody else notices.
    assert (await entry.ask(b"/closed", entry.user)).status == 200


async def test_no_header_breaks_out_of_its_line_on_the_way_up(
    entry: Entry, upstream: ScriptedUpstream
) -> None:
    base_url = f"http://127.0.0.1:{upstream.port}"
    await entry.server.channel("bltcy", base_url, secrets=["s"], models=["runway"])
    # Cookies do not go upstream: one that arrives was never seen as one.
    for line in (
        b"X-A: b\rCookie: a=b",
        b"X-A: b\nCookie: a=b",
        b"X-A: b\r\n Cookie: a=b",
        b"X-A: b\0Cookie: a=b",
        b"X-A\rCookie: a=b",
        b"X-A : b",
        b"X-A: %0d%0aCookie: a=b",
        b"X-A: \xe5\x98\x8a\xe5\x98\x8dCookie: a=b",
    ):
        reply = await entry.ask(b"/runway/x", entry.user, line)
        assert reply.status in (0, 200, 400), line
    for target in (b"/runway/%0d%0aCookie:a=b", b"/runway/x?%0d%0aCookie:a=b"):
        assert (await entry.ask(target, entry.user)).status in (200, 400)
    assert upstream.seen
    for seen in upstream.seen:
        assert seen.header("cookie") is None
        assert not {"\r", "\n", "\0"} & set("".join(name + value for name, value in seen.headers))


async def test_the_admin_api_takes_json_that_means_one_thing(entry: Entry) -> None:
    deep = b'{"name":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    for content, part in (
        (deep, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"name":"a","name":"b"}', "given twice"),
        (b'{"name":"a","role":"user","role":"admin"}', "given twice"),
        (b'{"name":"\xff\xfe"}', "not JSON"),
        (b'{"name":"a\\u0000b"}', "NUL"),
        (b'{"name":"\\ud800"}', "no Unicode"),
        (b'{"name":NaN}', "not JSON"),
        (b'{"name":"a"} {"role":"admin"}', "not JSON"),
        (b'\xef\xbb\xbf{"name":"a"}', "not JSON"),
        (b'{"name":"a","id":7}', "no such field"),
        (b'{"name":"a","balance":1000000}', "no such field"),
        (b"[]", "expected"),
        (b"null", "expected"),
        (b"", "not JSON"),
    ):
        reply = await entry.post("/api/admin/users", content)
        assert reply.status == 400, (content[:99], reply)
        assert part in reply.json["error"]["message"], reply
    for credits_ in ("1e400", "-1e400", "NaN", "1.5", "0", '"5"', "9" * 30, "9" * 5000, "true"):
        content = f'{{"credits":{credits_},"reason":"x"}}'.encode()
        reply = await entry.post("/api/admin/users/alice/credit", content)
        assert reply.status == 400, (credits_[:40], reply)
    reply = await entry.post("/api/admin/users", b'{"name":"x"}', b"text/plain")
    assert reply.status == 400
    names = [
        user["name"] for user in (await entry.ask(b"/api/admin/users", entry.admin)).json["items"]
    ]
    assert names == ["root", "alice"]


async def test_nobody_to_let_in_never_means_that_everyone_is(tmp_path: Path) -> None:
    async with GatewayServer(tmp_path / "home", plugins={"doors": DoorsPlugin()}) as server:
        lines = (b"", b"Authorization: Bearer ", b"X-API-Key: ", b"Authorization: Bearer admin123")
        for line in lines:
            for target in (b"/closed", b"/api/admin/users", b"/metrics", b"/api/me"):
                reply = await ask(server.url, head(target, *filter(None, [line])))
                assert reply.status == 401, (line, target)
        ready = await ask(server.url, head(b"/readyz"))
        assert json.loads(ready.body) == {"status": "ready"}
        # A row for a key that is empty opens nothing either.
        alice = await server.user("alice")
        await server.key(alice)

        async def empty() -> None:
            await Key.all().update(digest=digest(""))

        await server.gateway.database.transact(empty)
        for line in lines[1:3]:
            assert (await ask(server.url, head(b"/closed", line))).status == 401
