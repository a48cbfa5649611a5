"""Which proxy a request to an upstream takes.

A channel names one of its own, none (`direct`), one of the gateway's pool (`pool`), or leaves
it to the environment.
"""

from __future__ import annotations

from plugway.upstream.proxies.environment import EnvironmentProxies
from plugway.upstream.proxies.exempt import Exempt
from plugway.upstream.proxies.proxy import (
    DIRECT,
    NO_SOCKS,
    POOL,
    Proxy,
    check_proxy,
    is_socks,
    parse_proxy,
)

__all__ = [
    "DIRECT",
    "NO_SOCKS",
    "POOL",
    "EnvironmentProxies",
    "Exempt",
    "Proxy",
    "check_proxy",
    "is_socks",
    "parse_proxy",
]
