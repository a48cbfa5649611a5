"""The accounts over HTTP: shown, looked at, and taken over from files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway import AdminRoute, BadRequest, NotFound
from plugway_flow.account import Account
from plugway_flow.accounts import Accounts
from plugway_flow.accounts.looking import Looking
from plugway_flow.accounts.session import read
from plugway_flow.accounts.session_file import split
from plugway_flow.accounts.taking import Taken, Taking
from plugway_flow.provider import NAME
from plugway_flow.recipe import Tier

if TYPE_CHECKING:
    from plugway import AdminAsk, Channel, Gateway

#: Bytes of a request that takes sessions over, and how many it may hold.
_MOST_BYTES, _MOST = 4 << 20, 500

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FlowAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Is one account of a channel to Flow.

    Attributes:
        id: Of its credential.
        channel: Name of the channel.
        email: Whose it is; null: the upstream was not asked yet.
        state: Of its credential.
        tier: What it has paid for; null: the upstream was not asked yet.
        credits: The upstream's own credits that are left; null: not known.
        project: What its media are made in; null: nothing was made yet.
        checked_at: When credits and tier were asked for; null: never.
    """

    id: int
    channel: str
    email: str | None
    state: str
    tier: Tier | None
    credits: int | None
    project: str | None
    checked_at: datetime | None


class FlowAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """Is one page of accounts.

    Attributes:
        items: By id.
        next: Give it as `after` for the next page; null: this is the last one.
    """

    items: list[FlowAccount]
    next: int | None


class AccountQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses accounts.

    Attributes:
        channel: Only this channel's.
        limit: Items at the most.
        after: The `next` of the page before; 0: the first page.
    """

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=190)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class AccountCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how a look at an account ended.

    Attributes:
        ok: Whether it works.
        code: What is wrong, as errors of calls name it; null: nothing.
        reason: The same for people.
        account: The account as it is now.
    """

    ok: bool
    code: str | None
    reason: str | None
    account: FlowAccount


class NewSessions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a file of sessions to be taken over.

    Attributes:
        channel: Name of the channel.
        text: One session a line, JSON lines, a list, or an object that holds one.
    """

    channel: str
    text: Annotated[str, msgspec.Meta(max_length=_MOST_BYTES)]


class SessionsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of a file's sessions.

    Attributes:
        channel: The channel.
        items: One a session, in the file's order.
    """

    channel: str
    items: list[Taken]


class AccountList:
    """Shows accounts, looks at them, and takes them over."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway; nothing of it is asked for yet.

        Args:
            gateway: The gateway.
        """
        self._gateway = gateway

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        place = "/api/admin/flow/accounts"
        return [
            AdminRoute(
                f"GET {place}",
                self.listed,
                "List accounts with tier and credits",
                AccountQuery,
                FlowAccounts,
                role="operator",
            ),
            AdminRoute(
                f"POST {place}",
                self.take,
                "Take sessions over, after a look at each",
                NewSessions,
                SessionsTaken,
                most=_MOST_BYTES + 65_536,
                role="admin",
            ),
            AdminRoute(
                f"POST {place}/{{id}}/check",
                self.check,
                "Look at an account now",
                gives=AccountCheck,
                role="admin",
            ),
        ]

    async def listed(self, ask: AdminAsk, query: AccountQuery) -> FlowAccounts:
        """List accounts by id, of channels that take calls."""
        gateway = self._gateway
        kept = {one.credential_id: one for one in await gateway.part(Accounts).store.all()}
        items = [
            self._shown(channel, credential.id, kept.get(credential.id))
            for channel in gateway.census.channels(NAME)
            if query.channel in (None, channel.name)
            for credential in gateway.credentials.all(channel.id)
            if credential.id > query.after
        ]
        items.sort(key=lambda one: one.id)
        more = len(items) > query.limit
        items = items[: query.limit]
        return FlowAccounts(items=items, next=items[-1].id if more else None)

    async def check(self, ask: AdminAsk) -> AccountCheck:
        """Ask the upstream for session and credits, at no cost."""
        checked = await self._gateway.part(Looking).check(ask.id)
        await ask.record("flow.check", str(ask.id), {"ok": checked.ok})
        for channel in self._gateway.census.channels(NAME):
            if self._gateway.credentials.get(channel.id, ask.id) is not None:
                return AccountCheck(
                    ok=checked.ok,
                    code=checked.code or None,
                    reason=checked.reason or None,
                    account=self._shown(channel, ask.id, checked.account),
                )
        raise NotFound("it was deleted just now", field="id")

    async def take(self, ask: AdminAsk, new: NewSessions) -> SessionsTaken:
        """Save sessions, each after a look at it."""
        texts = split(new.text)
        if len(texts) > _MOST:
            raise BadRequest(f"text: {_MOST} sessions at a time, please", field="text")
        items = await self._gateway.part(Taking).take(new.channel, texts)
        taken = sum(one.outcome != "refused" for one in items)
        await ask.record("flow.take", new.channel, {"taken": taken, "of": len(items)})
        return SessionsTaken(channel=new.channel, items=items)

    def _shown(self, channel: Channel, credential_id: int, account: Account | None) -> FlowAccount:
        credential = self._gateway.credentials.get(channel.id, credential_id)
        if account is None:
            account = Account(credential_id=credential_id)
        email = "" if credential is None else read(credential.secret).email
        asked = account.checked_at > 0
        return FlowAccount(
            id=credential_id,
            channel=channel.name,
            email=email or account.email or None,
            state="" if credential is None else credential.state,
            tier=account.tier if asked else None,
            credits=account.credits,
            project=account.project_id or None,
            checked_at=_EPOCH + timedelta(microseconds=account.checked_at) if asked else None,
        )
