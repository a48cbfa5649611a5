"""Credentials as the admin API shows and finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
from tortoise.expressions import Q

from plugway.admin.moments import moment, moment_or_none
from plugway.admin.owners import channel_names, channel_row
from plugway.admin.pages import Paging, Text
from plugway.contract import PooledChannelSettings
from plugway.credentials.quotas import Calendar, Quotas
from plugway.credentials.states import (
    OUT_OF_USE,
    PASSING,
    Condition,
    CredentialState,
    condition,
)
from plugway.credentials.store import Outcome, Saved
from plugway.errors import BadRequest, Conflict
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from tortoise.queryset import QuerySet

    from plugway.contract import Channel, CredentialKind
    from plugway.gateway import Gateway


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what a credential has used of one kind of quota.

    Attributes:
        used: Answers of this day.
        resting_until: When it is used for this kind again; null: it does not rest.
    """

    used: int
    resting_until: datetime | None


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how the renewal of a credential stands.

    Attributes:
        state: `due`; `waiting`: for its time; `running`; null: none is needed.
        at: When it is, or was, due.
        failures: Renewals in a row that failed.
        last: When the secret was replaced last; null: it is the first.
    """

    state: Literal["due", "waiting", "running"] | None
    at: datetime | None
    failures: int
    last: datetime | None


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Is one upstream secret of a channel, without the secret.

    Attributes:
        id: Its id.
        channel: Name of its channel.
        kind: How requests are authorized with it.
        label: Whose account it is; null: nobody can tell.
        masked: Both ends of it.
        state: `ready`, `in_use`, `cooling`, `half_open`: tried by the next call, `expired`,
            `restricted`, `disabled` or `quarantined`.
        reason: Why it is in this state.
        cooling_until: When it is tried again; null: at once, or never.
        failures: Refusals in a row.
        next_use_at: When its rest after the last call ends; null: it has ended.
        expires_at: When the secret itself ends; null: nobody can tell.
        quotas: What it has used, by kind of quota.
        renewal: How its renewal stands.
        created_at: When it was added.
        updated_at: When its state changed.
    """

    id: int
    channel: str
    kind: str
    label: str | None
    masked: str
    state: str
    reason: str
    cooling_until: datetime | None
    failures: int
    next_use_at: datetime | None
    expires_at: datetime | None
    quotas: dict[str, Quota]
    renewal: Renewal
    created_at: datetime
    updated_at: datetime


class SavedCredential(Credential, frozen=True, kw_only=True):
    """Is a credential whose secret was saved.

    Attributes:
        outcome: `added`, `updated` or `unchanged`.
    """

    outcome: Outcome


class CredentialQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses credentials.

    Attributes:
        channel: Only this channel's.
        state: Only those in it.
        search: Only those with this in their label, in either case; no wildcards.
    """

    channel: Text | None = None
    state: Condition | None = None
    search: Text | None = None


async def chosen(query: CredentialQuery, now: int) -> QuerySet[CredentialRow]:
    """Return the rows that a query chooses, for use inside `database.run`.

    Args:
        query: The query.
        now: Microseconds since 1970.

    Raises:
        BadRequest: There is no such channel.
    """
    rows = CredentialRow.filter(id__gt=query.after)
    if query.channel is not None:
        rows = rows.filter(channel_id=(await channel_row(query.channel)).id)
    if query.search is not None:
        rows = rows.filter(label__icontains=query.search)
    return rows if query.state is None else rows.filter(_in(query.state, now))


def kind_of(gateway: Gateway, provider: str) -> CredentialKind:
    """Return the kind of credentials that a provider's channels have.

    Args:
        gateway: The gateway.
        provider: Name of the provider.

    Raises:
        BadRequest: It takes none, or is not installed.
        Conflict: No plugin knows the kind.
    """
    found = gateway.registry.providers.get(provider)
    if found is None:
        raise BadRequest(f"provider {provider} is not installed", field="channel")
    if found.credential is None:
        raise BadRequest(f"{provider} takes no credential", field="channel")
    kind = gateway.registry.credential_kinds.get(found.credential)
    if kind is None:
        raise Conflict(f"no plugin knows credentials of the kind {found.credential}")
    return kind


async def shown(gateway: Gateway, rows: Sequence[CredentialRow]) -> list[Credential]:
    """Make credentials fit to be shown."""
    names = await gateway.database.run(lambda: channel_names(row.channel_id for row in rows))
    now = gateway.clock.now()
    return [Credential(**_values(gateway, row, names.get(row.channel_id, ""), now)) for row in rows]


async def saved(gateway: Gateway, done: Saved) -> SavedCredential:
    """Make a credential that was saved fit to be shown."""
    (credential,) = await shown(gateway, [done.row])
    values = {name: getattr(credential, name) for name in Credential.__struct_fields__}
    return SavedCredential(**values, outcome=done.outcome)


def _in(state: Condition, now: int) -> Q:
    """Say in SQL what `plugway.credentials.states.condition` says of one row."""
    if state in OUT_OF_USE:
        return Q(state=state)
    over = Q(state__in=PASSING, cooling_until__lte=now)
    if state == "half_open":
        return over
    # A comparison with NULL is neither true nor false, and so is its opposite.
    resting = Q(cooling_until=None) | Q(cooling_until__gt=now) | Q(state="ready")
    if state == "in_use":
        return Q(~Q(state__in=OUT_OF_USE), resting, claimed_until__gt=now)
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Q(resting, free, state=state)


def _values(gateway: Gateway, row: CredentialRow, channel: str, now: int) -> dict[str, Any]:
    state = cast("CredentialState", row.state)
    return {
        "id": row.id,
        "channel": channel,
        "kind": row.kind,
        "label": row.label,
        "masked": row.masked,
        "state": condition(state, row.cooling_until, row.claimed_until, now),
        "reason": row.reason,
        "cooling_until": moment_or_none(row.cooling_until),
        "failures": row.failures,
        "next_use_at": moment(row.next_use_at) if row.next_use_at > now else None,
        "expires_at": moment_or_none(row.expires_at),
        "quotas": _quotas(gateway.channels.get(row.channel_id), row.quotas, now),
        "renewal": _renewal(row, now),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def _quotas(channel: Channel | None, text: str, now: int) -> dict[str, Quota]:
    """Return what was used today, where the channel's day is, and what rests still."""
    if channel is None or not isinstance(channel.settings, PooledChannelSettings):
        return {}
    known = Quotas.read(text)
    today = Calendar(channel.settings.day_zone).day(now).name
    uses = known.uses if known.day == today else {}
    rests = {name: rest.until for name, rest in known.rests.items() if rest.until > now}
    return {
        name: Quota(used=uses.get(name, 0), resting_until=moment_or_none(rests.get(name)))
        for name in sorted({*uses, *rests})
    }


def _renewal(row: CredentialRow, now: int) -> Renewal:
    state: Literal["due", "waiting", "running"] | None = None
    if row.renewal_at is not None:
        state = "due" if row.renewal_at <= now else "waiting"
        if row.renewal_until is not None and row.renewal_until > now:
            state = "running"
    return Renewal(
        state=state,
        at=moment_or_none(row.renewal_at),
        failures=row.renewal_failures,
        last=moment_or_none(row.renewed_at),
    )
