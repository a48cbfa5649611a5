"""All routes of the core, with their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.admin import (
    addresses,
    audits,
    callbacks,
    channels,
    credential_files,
    credentials,
    document,
    dossier,
    groups,
    health,
    keys,
    ledger,
    me,
    media,
    metrics,
    outcomes,
    plugins,
    prices,
    proxies,
    queue,
    remedies,
    settings,
    summary,
    tasks,
    usage,
    users,
    vault,
    webhook_secrets,
)
from plugway.admin.roles import ROLES
from plugway.admin.route import mount
from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from plugway.contract import Mount
    from plugway.gateway import Gateway
    from plugway.server.inflight import Inflight

_NOUNS = (
    me,
    users,
    webhook_secrets,
    keys,
    groups,
    channels,
    credentials,
    credential_files,
    proxies,
    prices,
    ledger,
    usage,
    summary,
    addresses,
    tasks,
    dossier,
    remedies,
    outcomes,
    media,
    callbacks,
    queue,
    plugins,
    settings,
    audits,
    vault,
)


def admin_mounts(gateway: Gateway, inflight: Inflight) -> list[Mount]:
    """Return the core's own routes.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
        inflight: The running requests; it knows whether the server drains.

    Raises:
        ConfigurationError: A route has no role, or a role no route.
    """
    routes = [route for noun in _NOUNS for route in noun.routes()]
    places = {route.place for route in routes}
    if places != ROLES.keys():
        raise ConfigurationError(f"routes and roles differ: {sorted(places ^ ROLES.keys())}")
    return [
        *health.mounts(gateway, inflight),
        *metrics.mounts(gateway),
        *document.mounts(gateway),
        *(mount(gateway, route) for route in routes),
    ]
