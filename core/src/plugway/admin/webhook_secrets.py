"""The secrets that sign users' callbacks, over HTTP: shown once, when they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.admin.route import Route
from plugway.identity import users, webhook_secret

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Is a secret just made: the only time that it is shown.

    Attributes:
        secret: `whsec_…`, as libraries for Standard Webhooks take it. One that was there before
            signs too for a day.
    """

    secret: str


def routes() -> list[Route]:
    """Return the routes."""
    theirs, mine = "/api/admin/users/{name}/webhook-secret", "/api/me/webhook-secret"
    made = "Make the secret that signs a user's callbacks"
    gone = "Send a user's callbacks unsigned"
    my_made = "Make the secret that signs the caller's callbacks"
    my_gone = "Send the caller's callbacks unsigned"
    return [
        Route(f"POST {theirs}", renew, made, gives=WebhookSecret, status=201),
        Route(f"DELETE {theirs}", remove, gone),
        Route(f"POST {mine}", renew_mine, my_made, gives=WebhookSecret, status=201),
        Route(f"DELETE {mine}", remove_mine, my_gone),
    ]


async def renew(ask: Ask) -> WebhookSecret:
    """Make a user's secret."""
    user = await users.find(ask.gateway.database, ask.name)
    return await _renewed(ask, user.id, user.name)


async def remove(ask: Ask) -> None:
    """Remove a user's secrets."""
    user = await users.find(ask.gateway.database, ask.name)
    await _removed(ask, user.id, user.name)


async def renew_mine(ask: Ask) -> WebhookSecret:
    """Make the caller's secret."""
    return await _renewed(ask, ask.principal.user_id, ask.principal.user)


async def remove_mine(ask: Ask) -> None:
    """Remove the caller's secrets."""
    await _removed(ask, ask.principal.user_id, ask.principal.user)


async def _renewed(ask: Ask, user_id: int, name: str) -> WebhookSecret:
    gateway = ask.gateway
    made = await ask.change(
        "user.webhook_secret.renew",
        name,
        lambda: webhook_secret.renew(gateway.database, gateway.vault, gateway.clock, user_id),
    )
    return WebhookSecret(secret=made.reveal())


async def _removed(ask: Ask, user_id: int, name: str) -> None:
    database = ask.gateway.database
    await ask.change(
        "user.webhook_secret.remove", name, lambda: webhook_secret.remove(database, user_id)
    )
