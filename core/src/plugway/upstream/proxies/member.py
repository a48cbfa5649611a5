"""One proxy of the pool, as one process sees it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING

from plugway.errors import PlugwayError
from plugway.upstream.failures import blames_proxy, reason, unreachable
from plugway.upstream.proxies.health import Health
from plugway.upstream.traffic import Traffic

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.upstream.answer import Answer
    from plugway.upstream.proxies.proxy import Proxy


class Member:
    """Is a proxy of the pool.

    Attributes:
        proxy: The proxy.
        name: Its host and port, with a number where several have the same.
        source: Name of the source it came from.
        health: Whether it works.
        traffic: What it carries now.
        used_at: When it was last taken, on a clock that never goes back.
        checked_at: When a check last ended, microseconds since 1970; None: none has.
        checking: A check is under way.
    """

    __slots__ = (
        "_digest",
        "checked_at",
        "checking",
        "health",
        "name",
        "proxy",
        "source",
        "traffic",
        "used_at",
    )

    def __init__(self, proxy: Proxy, name: str, source: str, now: float) -> None:
        self.proxy = proxy
        self.name = name
        self.source = source
        self.health = Health(now)
        self.traffic = Traffic()
        self.used_at = float("-inf")
        self.checked_at: int | None = None
        self.checking = False
        self._digest = blake2b(str(proxy.url).encode(), digest_size=16).digest()

    def weight(self, sticky: bytes) -> bytes:
        """Return the weight of this proxy for a key: the highest of all is the key's own.

        Each process comes to the same, and a proxy that comes or goes moves no other key.

        Args:
            sticky: The key.
        """
        return blake2b(sticky, key=self._digest, digest_size=8).digest()


class Lease:
    """Is the use of a proxy for one request; it is ended by `with`.

    Attributes:
        member: The proxy.
        blamed: It kept the request from being sent.
    """

    __slots__ = ("_changed", "_clock", "blamed", "member")

    def __init__(self, member: Member, clock: Clock, changed: Callable[[], None]) -> None:
        self.member = member
        self.blamed = False
        self._clock = clock
        self._changed = changed

    def __enter__(self) -> Lease:
        self.member.traffic.sending += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.member.traffic.sending -= 1

    def unsent(self, error: BaseException, proxied: bool) -> PlugwayError:
        """Note why a request was not sent, and return the error for it.

        Args:
            error: What the client raised.
            proxied: Always, here.
        """
        now, health = self._clock.monotonic(), self.member.health
        self.blamed = blames_proxy(error, self.member.proxy.url)
        if self.blamed:
            health.dropped(now, reason(error, proxied=proxied))
            self._changed()
        else:
            health.doubted(now)
        return unreachable(error, proxied)

    def answered(self, answer: Answer, *, tunnelled: bool) -> None:
        """Note an answer.

        Args:
            answer: What came.
            tunnelled: Only the upstream can have sent it.
        """
        self.member.traffic.answers.add(answer)
        # Else a 502 may be the proxy's own word.
        if (tunnelled or answer.status < 500) and self.member.health.state != "healthy":
            self.member.health.carried()
            self._changed()
