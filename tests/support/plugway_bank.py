"""A plugin whose credentials are accounts: labelled, with an end, and renewed as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from plugway import (
    BadRequest,
    Channel,
    CredentialKind,
    Grant,
    PooledChannelSettings,
    Provider,
    Secret,
    Upstream,
    hookimpl,
)
from plugway.testing.emulator import EmulatorServer

#: Brings the text of a secret, or raises.
Renew = Callable[[dict[str, Any]], Awaitable[str]]


def account(email: str | None, token: str, ends: float | None = None) -> str:
    """Write an account as its owner has it in a file.

    Args:
        email: Whose it is; None: it does not say.
        token: What the bank takes.
        ends: Seconds since 1970.
    """
    named = {} if email is None else {"email": email}
    ending = {} if ends is None else {"ends": ends}
    return json.dumps({**named, "token": token, **ending})


class BankChannel(PooledChannelSettings, frozen=True, kw_only=True):
    """Sets a channel to the bank."""


class BankAccount(CredentialKind):
    """Reads accounts, and renews them from a script.

    Attributes:
        script: What a renewal of an account does, by its e-mail address; without a line it
            brings the token with a `+`.
        renewed: E-mail addresses, in the order in which renewals began.
    """

    name = "bank"
    renews = True

    def __init__(self) -> None:
        self.script: dict[str | None, Renew] = {}
        self.renewed: list[str | None] = []

    def parse(self, text: str) -> Secret:
        """Take an account with a token."""
        try:
            known = json.loads(text)
            return Secret(account(known.get("email"), known["token"], known.get("ends")))
        except (ValueError, KeyError, AttributeError):
            raise BadRequest("secret: no account of the bank", field="secret") from None

    def label(self, secret: Secret) -> str | None:
        """Return the e-mail address."""
        email: str | None = _read(secret).get("email")
        return email

    def expires(self, secret: Secret) -> float | None:
        """Return what the account says."""
        ends: float | None = _read(secret).get("ends")
        return ends

    def split(self, text: str) -> Iterable[str]:
        """Take one account, or a list."""
        known = json.loads(text)
        return [json.dumps(one) for one in known] if isinstance(known, list) else [text]

    def export(self, secret: Secret) -> str:
        """Return the account, a line for each of its parts."""
        return json.dumps(_read(secret), indent=1)

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Return the token."""
        return Grant((("Authorization", f"Bearer {_read(secret)['token']}"),))

    async def renew(self, secret: Secret, channel: Channel, upstream: Upstream) -> Secret:
        """Do what the script says."""
        known = _read(secret)
        self.renewed.append(known.get("email"))
        line = self.script.get(known.get("email"))
        if line is not None:
            return Secret(await line(known))
        return Secret(account(known.get("email"), known["token"] + "+", known.get("ends")))


def bringing(text: str) -> Renew:
    """Let a renewal bring a secret."""

    async def line(known: dict[str, Any]) -> str:
        return text

    return line


def failing(error: Exception) -> Renew:
    """Let a renewal fail."""

    async def line(known: dict[str, Any]) -> str:
        raise error

    return line


def waiting(event: asyncio.Event) -> Renew:
    """Let a renewal wait, and then bring the token with a `+`."""

    async def line(known: dict[str, Any]) -> str:
        await event.wait()
        return account(known.get("email"), known["token"] + "+", known.get("ends"))

    return line


class BankEmulator(EmulatorServer):
    """Stands in for the bank.

    Attributes:
        tokens: Those that it takes.
    """

    provider = "bank"
    models = ("money",)

    def __init__(self, *tokens: str) -> None:
        super().__init__()
        self.tokens = set(tokens)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the routes."""
        yield web.route("*", "/{path:.*}", self._pay)

    async def _pay(self, request: web.Request) -> web.Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return web.json_response({"error": "sign in"}, status=401)
        return web.json_response({"paid": True})


class BankPlugin:
    """Has accounts, and serves nothing.

    Attributes:
        kind: The accounts.
    """

    def __init__(self) -> None:
        self.kind = BankAccount()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [
            Provider(
                name="bank",
                title="Bank",
                credential="bank",
                models=("money",),
                settings=BankChannel,
            )
        ]

    @hookimpl
    def register_credentials(self) -> Iterable[CredentialKind]:
        """Return the kind."""
        return [self.kind]


@hookimpl
def register_providers() -> Iterable[Provider]:
    """Return the provider."""
    return BankPlugin().register_providers()


@hookimpl
def register_credentials() -> Iterable[CredentialKind]:
    """Return the kind."""
    return BankPlugin().register_credentials()


def _read(secret: Secret) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(secret.reveal())
    return known
