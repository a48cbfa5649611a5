"""What a caller may know of itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from plugway.admin.keys import Key
from plugway.admin.keys import shown as shown_key
from plugway.admin.moments import Moment
from plugway.admin.owners import key_row
from plugway.admin.pages import Limit, Page, Paging, Text, and_one_more, page
from plugway.admin.route import Route
from plugway.admin.usage import Place, Usage, between, calls_page
from plugway.admin.users import User as ShownUser
from plugway.admin.users import shown as shown_users
from plugway.errors import NotFound
from plugway.identity import keys, users
from plugway.storage.models import User

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Is the caller.

    Attributes:
        user: The user whose key was presented.
        key: That key.
        available: Credits that a call may cost now: of the user, and of the key if it has
            a quota of its own.
    """

    user: ShownUser
    key: Key
    available: int


class MyUsage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls of the caller's own, a page at a time.

    Attributes:
        key: Only of this key: its name or id.
        model: Only of this model.
        since: Not before this time.
        until: Before this time.
        limit: Items at the most.
        after: The `next` of the page before.
    """

    key: Text | None = None
    model: Text | None = None
    since: Moment | None = msgspec.field(default=None, name="from")
    until: Moment | None = msgspec.field(default=None, name="to")
    limit: Limit = 100
    after: Place | None = None


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("GET /api/me", me, "Who the caller is", gives=Me),
        Route("GET /api/me/keys", my_keys, "List the caller's keys", Paging, Page[Key]),
        Route("GET /api/me/usage", my_usage, "List the caller's calls", MyUsage, Page[Usage]),
    ]


async def me(ask: Ask) -> Me:
    """Tell who the caller is."""
    database, key_id = ask.gateway.database, ask.principal.key_id
    if key_id is None:
        raise NotFound("the command line has no account")
    user = (await shown_users(ask.gateway, [await users.get(database, ask.principal.user_id)]))[0]
    key = shown_key(await keys.get(database, key_id))
    available = user.balance + user.overdraft - user.held
    if key.quota is not None:
        available = min(available, key.quota)
    return Me(user=user, key=key, available=available)


async def my_keys(ask: Ask, query: Paging) -> Page[Key]:
    """List the caller's keys by id."""
    search = partial(keys.search, ask.gateway.database, user_id=ask.principal.user_id)
    found = await and_one_more(search, query)
    return page([shown_key(one) for one in found], query.limit, [one.id for one in found])


async def my_usage(ask: Ask, query: MyUsage) -> Page[Usage]:
    """List the caller's calls, the newest first."""
    principal = ask.principal

    async def work() -> Page[Usage]:
        chosen = {"account_id": principal.account_id, **between(query.since, query.until)}
        if query.key is not None:
            user = await User.get(id=principal.user_id)
            chosen["key_id"] = (await key_row(query.key, user)).id
        if query.model is not None:
            chosen["model"] = query.model
        return await calls_page(chosen, query.limit, query.after)

    return await ask.gateway.database.run(work)
