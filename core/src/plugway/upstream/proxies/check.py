"""A real request through a proxy, to see whether it works."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from yarl import URL

from plugway.errors import PlugwayError, UpstreamError, UpstreamUnreachable
from plugway.upstream.exchange import exchange
from plugway.upstream.failures import reason
from plugway.upstream.proxies.proxy import is_socks
from plugway.upstream.session import BoundedIdle, close_session, open_session
from plugway.upstream.socks import socks_connector
from plugway.upstream.timeouts import Timeouts, client_timeout

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.settings import ProxySettings
    from plugway.upstream.proxies.proxy import Proxy

_GOOD = (200, 204)
_HEADERS = (("User-Agent", "plugway"), ("Accept", "*/*"))


async def check(
    proxy: Proxy, settings: ProxySettings, tls: ssl.SSLContext | None, clock: Clock
) -> float:
    """Ask `proxies.check_url` through a proxy and return the seconds that it took.

    The connection is new and is not kept: one that stands tells nothing of the next.

    Args:
        proxy: Any kind.
        settings: What to ask, and how long.
        tls: Whom to trust; None: the system's certificate authorities.
        clock: The time.

    Raises:
        UpstreamError: It does not work; the message says why, without a secret.
        ConfigurationError: SOCKS needs an extra that is not installed.
    """
    limit = settings.check_timeout
    timeouts = Timeouts(total=limit, connect=limit, headers=limit)
    via = proxy.url
    through_socks = is_socks(via)
    made = (
        socks_connector(via, idle=0, seconds=1, tls=tls)
        if through_socks
        else BoundedIdle(idle=0, ssl=True if tls is None else tls)
    )
    session = open_session(made)
    began = clock.monotonic()
    try:
        answer = await exchange(
            session,
            "GET",
            URL(settings.check_url, encoded=True),
            headers=_HEADERS,
            upload=None,
            limits=client_timeout(timeouts),
            proxy=None if through_socks else via,
            proxied=True,
            unsent=_unsent,
        )
        await answer.close()
        if answer.status not in _GOOD:
            raise UpstreamError(f"the check's address answered with status {answer.status}")
        return clock.monotonic() - began
    finally:
        await close_session(session)


def _unsent(error: BaseException, proxied: bool) -> PlugwayError:
    return UpstreamUnreachable(reason(error, proxied=proxied), acted=False)
