"""The accounts behind session tokens: tier, credits and project, asked for as seldom as can be."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

import msgspec

from plugway import (
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    Unavailable,
    UnreadableAnswer,
    UpstreamError,
)
from plugway_flow.account import Account
from plugway_flow.accounts.asking import check_way, credits_path, standing_of
from plugway_flow.accounts.session import Session, digest, read
from plugway_flow.accounts.store import AccountStore
from plugway_flow.provider import FlowChannel, labs_base
from plugway_flow.settings import FlowSettings

if TYPE_CHECKING:
    from plugway import Answer, Gateway, Turn
    from plugway_flow.accounts.asking import Standing

log = logging.getLogger(__name__)

_MOST = 1 << 18


class Accounts:
    """Knows the accounts of one gateway; made by `gateway.part(Accounts)`.

    What it knows is kept in the database: restarts and other nodes know it too.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Begin with what the database knows, which is read beside what comes first.

        Args:
            gateway: The gateway.
        """
        self._gateway = gateway
        self._store = AccountStore(gateway)
        self._known: dict[int, Account] = {}
        #: One at a time asks of an account: two calls create one project.
        self._asking: dict[int, asyncio.Lock] = {}
        gateway.background.spawn(self._load())

    @property
    def store(self) -> AccountStore:
        """Return the rows."""
        return self._store

    def known(self, credential_id: int) -> Account | None:
        """Return what this process knows of an account now; None: nothing.

        Args:
            credential_id: Its credential.
        """
        return self._known.get(credential_id)

    async def prepared(self, turn: Turn) -> Account:
        """Return the account of a turn, with a project, and with credits that are not old.

        Args:
            turn: Has the credential, and asks.

        Raises:
            CredentialExpired: The credential is not accepted.
            AccountMigrated: The account is at another service now.
            CredentialRestricted: It may not do that.
            UpstreamError: The upstream could not be asked.
            Unavailable: The database is away.
        """
        credential_id = cast("int", turn.credential_id)
        account = self._known.get(credential_id)
        if account is not None and account.project_id and not self._is_old(account):
            return account
        async with self._asking.setdefault(credential_id, asyncio.Lock()):
            account = self._known.get(credential_id)
            if account is None or self._is_old(account):
                # Another node may have asked meanwhile.
                account = await self._store.get(credential_id) or Account(
                    credential_id=credential_id
                )
                self._known[credential_id] = account
            if not account.project_id:
                # First: to make a token for it tells tier and credits too.
                account = await self._projected(account, turn)
            if self._is_old(account):
                account = await self._asked(account, turn)
            return account

    async def note(
        self, credential_id: int, session: Session, standing: Standing | None, *, looked: bool
    ) -> None:
        """Keep what was learnt of an account while it was asked for something else.

        A database that is away is no reason to fail for it.

        Args:
            credential_id: Its credential.
            session: Its session.
            standing: What it has; None: that is not known.
            looked: The session was looked at, whether it is used or not.
        """
        now = self._gateway.clock.now()
        values: dict[str, Any] = {}
        if session.email:
            values["email"] = session.email
        if standing is not None:
            values |= _values(standing, now)
        if looked:
            values |= {"looked_at": now, "digest": digest(session)}
        if not values:
            return
        try:
            if credential_id not in self._known:
                found = await self._store.get(credential_id)
                self._known.setdefault(credential_id, found or Account(credential_id=credential_id))
            self._learn(credential_id, values)
            await self._store.write(credential_id, **values)
        except Unavailable as error:
            log.warning("what is known of account %s is not kept: %s", credential_id, error.message)

    async def note_credits(self, credential_id: int, credits: int) -> None:  # noqa: A002
        """Note the credits that an answer said are left.

        Args:
            credential_id: Whose.
            credits: How many.
        """
        self._learn(credential_id, {"credits": credits})
        try:
            await self._store.write(credential_id, credits=credits)
        except Unavailable as error:
            # The next answer says it again.
            log.warning("the credits of account %s are not kept: %s", credential_id, error.message)

    async def forget_project(self, credential_id: int) -> None:
        """Note that the upstream has an account's project no more; the next turn has another one.

        Args:
            credential_id: Whose.

        Raises:
            Unavailable: The database is away.
        """
        account = self._known.get(credential_id)
        if account is None or not account.project_id:
            return
        # One that another node has made since is not the one that is gone.
        there = await self._store.set_project(credential_id, account.project_id, "")
        self._learn(credential_id, {"project_id": there})

    def _is_old(self, account: Account) -> bool:
        seconds = self._gateway.settings(FlowSettings).account_seconds
        age = self._gateway.clock.now() - account.checked_at
        return not account.checked_at or age >= seconds * 1_000_000

    async def _asked(self, account: Account, turn: Turn) -> Account:
        """Ask for credits and tier; where they are known, an outage changes nothing."""
        settings = cast("FlowChannel", turn.channel.settings)
        try:
            answer = await turn.send("GET", credits_path(turn.channel), headers=_headers(settings))
            if answer.status != 200:
                raise turn.refusal(answer)
            standing = standing_of(await answer.read(_MOST))
        except (CredentialExpired, CredentialRestricted):
            raise
        except UpstreamError as error:
            error.acted = False
            if not account.checked_at:
                raise
            log.warning("credits of account %s: %s", account.credential_id, error.message)
            return account
        values = _values(standing, self._gateway.clock.now())
        if turn.secret is not None and (email := read(turn.secret).email):
            values["email"] = email
        await self._store.write(account.credential_id, **values)
        return self._learn(account.credential_id, values)

    async def _projected(self, account: Account, turn: Turn) -> Account:
        """Create a project."""
        settings = cast("FlowChannel", turn.channel.settings)
        assert turn.secret is not None  # noqa: S101  # the provider's channels have credentials
        body = {"json": {"projectTitle": settings.project_title, "toolName": settings.tool}}
        answer = await turn.send(
            "POST",
            "/fx/api/trpc/project.createProject",
            headers=(
                *_headers(settings),
                ("Content-Type", "application/json"),
                ("Cookie", read(turn.secret).cookie),
            ),
            content=msgspec.json.encode(body),
            base_url=labs_base(turn.channel.base_url, settings),
        )
        check_way(answer)
        if answer.status != 200:
            error = turn.refusal(answer)
            # A project is no work that is paid for.
            error.acted = False
            raise error
        made = await _project_of(answer)
        there = await self._store.set_project(account.credential_id, "", made)
        return self._learn(account.credential_id, {"project_id": there})

    def _learn(self, credential_id: int, values: dict[str, Any]) -> Account:
        known = self._known.get(credential_id) or Account(credential_id=credential_id)
        fields = {name: one for name, one in values.items() if name in Account.__struct_fields__}
        account = self._known[credential_id] = msgspec.structs.replace(known, **fields)
        return account

    async def _load(self) -> None:
        try:
            for account in await self._store.all():
                self._known.setdefault(account.credential_id, account)
        except PlugwayError as error:
            # Each is read when it is used.
            log.warning("accounts are not read yet: %s", error.message)


def _headers(settings: FlowChannel) -> tuple[tuple[str, str], ...]:
    return (
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", settings.user_agent),
    )


def _values(standing: Standing, now: int) -> dict[str, Any]:
    values: dict[str, Any] = {"checked_at": now, "credits": standing.credits}
    return values if standing.tier is None else {**values, "tier": standing.tier}


async def _project_of(answer: Answer) -> str:
    body = await answer.read(_MOST)
    try:
        found: Any = msgspec.json.decode(body)["result"]["data"]["json"]["result"]["projectId"]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, IndexError):
        found = None
    if not isinstance(found, str) or not 0 < len(found) <= 190 or not found.isprintable():
        raise UnreadableAnswer("The upstream's answer names no project.", acted=False)
    return found
