"""Renewals: which credentials need a fresh secret, who gets it, and what becomes of it.

A renewal is claimed by lease, so that one worker has it at a time on whatever node, and one
that is lost is claimed again. What it brings replaces only the secret that it set out from:
neither an operator's import nor a quicker worker is overwritten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from plugway.contract import CredentialChanged
from plugway.credentials import kinds, records
from plugway.credentials.credential import open_secret
from plugway.credentials.renewal import (
    HELPED,
    Renewal,
    due_at,
    max_failures,
    micros,
    pause,
    quarantined,
    released,
    said,
)
from plugway.credentials.states import OUT_OF_USE
from plugway.credentials.store import (
    FORGIVEN,
    Outcome,
    digest_of,
    find,
    remove,
    save,
    sealed,
)
from plugway.credentials.vault import VaultError
from plugway.errors import BadRequest, Conflict, NotFound
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.alerts import AlertKind
    from plugway.channels.channels import Channels
    from plugway.clock import Clock
    from plugway.contract import Channel, CredentialKind, Provider, Secret
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database
    from plugway.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


class Renewals:
    """Keeps the list of credentials that need a fresh secret, for workers here and elsewhere."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        kinds: Mapping[str, CredentialKind],
        providers: Mapping[str, Provider],
        channels: Channels,
        clock: Clock,
        *,
        metrics: Metrics,
        alert: Callable[[AlertKind, str, str], None],
        changed: Callable[[CredentialChanged], None],
    ) -> None:
        """Take the parts.

        Args:
            database: Where credentials are.
            vault: Opens and seals their secrets.
            kinds: By name.
            providers: By name.
            channels: The channels in use.
            clock: The time.
            metrics: Counts.
            alert: Told of credentials that are quarantined.
            changed: Told of every change of state.
        """
        self._database = database
        self._vault = vault
        self._kinds = kinds
        self._providers = providers
        self._channels = channels
        self._clock = clock
        self._metrics = metrics
        self._alert = alert
        self._changed = changed

    def kind(self, channel: Channel) -> CredentialKind | None:
        """Return the kind of a channel's credentials when it renews; None: a person does."""
        name = self._providers[channel.provider].credential
        kind = self._kinds.get(name or "")
        return kind if kind is not None and kind.renews else None

    def renewable(self) -> list[Channel]:
        """Return the channels in use whose credentials are renewed."""
        return [one for one in self._channels.all() if one.enabled and self.kind(one) is not None]

    def here(self, provider: str) -> bool:
        """Say whether this gateway renews a provider's credentials itself.

        Args:
            provider: Which.
        """
        kind = self._kinds.get(self._providers[provider].credential or "")
        return kind is not None and kind.renews_here

    async def wanted(self, credential_id: int, reason: str = "") -> bool:
        """Have a credential renewed, as soon as its failures let it be.

        Args:
            credential_id: Which.
            reason: Why, without a secret; shown until it is renewed.

        Returns:
            Whether that is news: one that waits already, or has a person to wait for, is left
            as it is.
        """
        now = self._clock.now()

        async def work() -> bool:
            row = await CredentialRow.get_or_none(id=credential_id)
            kind = None if row is None else self._kinds.get(row.kind)
            if row is None or kind is None or not kind.renews:
                return False
            values: dict[str, Any] = {"renewal_at": due_at(row, now)}
            if reason and not row.reason:
                values["reason"] = said(reason)
            waiting = CredentialRow.filter(id=row.id, renewal_at=None)
            return await waiting.exclude(state__in=OUT_OF_USE).update(**values) > 0

        return await self._database.run(work)

    async def demand(self, credential_id: int) -> CredentialRow:
        """Have a credential renewed now by the operator's word, whatever happened before.

        Args:
            credential_id: Which.

        Returns:
            Its row.

        Raises:
            NotFound: No such credential.
            Conflict: It is disabled, or cannot be renewed without a person.
        """
        now = self._clock.now()

        async def work() -> CredentialRow:
            row = await find(credential_id, lock=True)
            kind = self._kinds.get(row.kind)
            if kind is None or not kind.renews:
                raise Conflict("credentials of its kind are not renewed: replace its secret")
            if row.state == "disabled":
                raise Conflict("it is disabled: enable it")
            if row.renewal_until is None or row.renewal_until <= now:
                row.renewal_at, row.renewal_failures = now, 0
                row.renewal_owner = row.renewal_until = None
            if row.state == "quarantined":
                row.state = "expired"
            names = ("renewal_at", "renewal_failures", "renewal_owner", "renewal_until", "state")
            await row.save(update_fields=names)
            return row

        return await self._database.transact(work)

    async def claim(
        self, provider: str, owner: str, limit: int, lease_seconds: float
    ) -> list[Renewal]:
        """Claim renewals that are due, those that waited longest first.

        Args:
            provider: Of whose channels.
            owner: Who claims, at most 64 characters; each worker has a name of its own.
            limit: How many at the most.
            lease_seconds: How long nobody else may claim them, above 0.
        """
        channels = {one.id: one for one in self.renewable() if one.provider == provider}
        if not channels or limit < 1:
            return []
        now = self._clock.now()
        until = now + micros(lease_seconds)
        free = Q(renewal_at__lte=now) & (Q(renewal_until=None) | Q(renewal_until__lte=now))

        async def work() -> list[CredentialRow]:
            due = CredentialRow.filter(free, channel_id__in=list(channels))
            rows = await due.exclude(state__in=OUT_OF_USE).order_by("renewal_at", "id").limit(limit)
            mine = []
            for row in rows:
                this = CredentialRow.filter(free, id=row.id, digest=row.digest)
                if await this.update(renewal_owner=owner, renewal_until=until):
                    mine.append(row)
            return mine

        found = [
            self._opened(row, channels[row.channel_id], owner, until)
            for row in await self._database.run(work)
        ]
        return [renewal for renewal in found if renewal is not None]

    async def held(self, credential_id: int, owner: str) -> Renewal | None:
        """Return the renewal that an owner has claimed, for one that comes back after a while.

        Args:
            credential_id: Which.
            owner: Who claimed it.

        Returns:
            None: somebody else has it now, or nobody needs it.
        """
        row = await self._database.run(
            lambda: CredentialRow.get_or_none(id=credential_id, renewal_owner=owner)
        )
        channel = None if row is None else self._channels.get(row.channel_id)
        if row is None or channel is None or row.renewal_until is None:
            return None
        return self._opened(row, channel, owner, row.renewal_until)

    async def keep(self, renewal: Renewal, lease_seconds: float) -> Renewal | None:
        """Claim a renewal for longer.

        Args:
            renewal: As it was claimed.
            lease_seconds: How long nobody else may claim it, from now, above 0.

        Returns:
            The renewal as it is claimed now; None: somebody else has it, or nobody needs it.
        """
        until = self._clock.now() + micros(lease_seconds)

        async def work() -> int:
            mine = CredentialRow.filter(
                id=renewal.credential_id, digest=renewal.digest, renewal_owner=renewal.owner
            )
            return await mine.update(renewal_until=until)

        if not await self._database.run(work):
            return None
        return msgspec.structs.replace(renewal, until=until)

    async def release(self, renewal: Renewal) -> bool:
        """Give a claim back, so that somebody else may have it at once.

        Args:
            renewal: As it was claimed; one that was kept for longer since is left as it is.

        Returns:
            Whether it still was this owner's.
        """

        async def work() -> int:
            mine = CredentialRow.filter(
                id=renewal.credential_id,
                digest=renewal.digest,
                renewal_owner=renewal.owner,
                renewal_until=renewal.until,
            )
            return await mine.update(renewal_owner=None, renewal_until=None)

        return await self._database.run(work) > 0

    async def adopt(self, channel: Channel, text: str) -> Outcome:
        """Save a secret that nobody claimed the renewal of: of a new account, or of a known one.

        Args:
            channel: Where to.
            text: The secret.

        Returns:
            What became of it, as for an operator's import.

        Raises:
            BadRequest: It cannot be one.
            Conflict: It was saved by somebody else at the same moment.
        """
        kind = self._kinds[self._providers[channel.provider].credential or ""]
        saved = await save(self._database, self._vault, kind, channel.id, text, self._clock)
        return saved.outcome

    async def refresh(self, credential_id: int, before: Secret, text: str) -> bool:
        """Save a secret that changed while the account was used; nothing else of it changes.

        Calls that have the secret before go on, and what they say of the account's quotas is
        heard. State, rests and failures stay: that a secret is newer says nothing of them.

        Args:
            credential_id: Which.
            before: What the fresh one came from; if that was replaced, nothing is saved.
            text: The fresh secret.

        Returns:
            Whether the credential has it now.

        Raises:
            BadRequest: It is no secret of this account, or has ended already.
        """
        now = self._clock.now()

        async def work() -> bool:
            row = await find(credential_id, lock=True)
            kind = self._kinds.get(row.kind)
            if kind is None or row.digest != digest_of(before):
                return False
            secret = kinds.parse(kind, text)
            if kinds.label(kind, secret) != row.label:
                raise BadRequest("it is a secret of another account", field="secret")
            fresh = sealed(self._vault, kind, row.channel_id, secret)
            if fresh["expires_at"] is not None and fresh["expires_at"] <= now:
                raise BadRequest("it is a secret that has ended", field="secret")
            if fresh["digest"] != row.digest:
                await records.change(row, {**fresh, "updated_at": now})
            return True

        try:
            return await self._database.transact(work)
        except (IntegrityError, NotFound):
            # Another credential has it, or this one is deleted.
            return False

    async def complete(self, renewal: Renewal, text: str) -> bool:
        """Save what a renewal brought, however late, unless the secret was replaced meanwhile.

        Args:
            renewal: As it was claimed.
            text: The fresh secret.

        Returns:
            Whether the credential has it now. What is no secret of this account, or has ended
            already, counts as a failure. Where it says whose account it is, which nobody could
            tell before, and the channel has that account, then that credential gets it, and
            this one is deleted.
        """
        now = self._clock.now()
        try:
            secret = kinds.parse(renewal.kind, text)
            label = kinds.label(renewal.kind, secret)
            fresh = sealed(self._vault, renewal.kind, renewal.channel.id, secret)
            if renewal.label is not None and label != renewal.label:
                raise BadRequest("it brought a secret of another account")
            if fresh["expires_at"] is not None and fresh["expires_at"] <= now:
                raise BadRequest("it brought a secret that has ended")
            row = await self._saved(renewal, {**fresh, "label": label, "renewed_at": now})
        except BadRequest as error:
            await self.fail(renewal, error.message)
            return False
        except IntegrityError:
            await self.fail(renewal, "another credential has the secret that it brought")
            return False
        except Conflict as error:
            # It is the channel's second one of an account, and goes when its tasks have ended.
            await self.fail(renewal, error.message, counted=False)
            return False
        self._metrics.renewal(renewal.channel.provider, "late" if row is None else "renewed")
        return row is not None

    async def fail(
        self,
        renewal: Renewal,
        reason: str,
        *,
        counted: bool = True,
        after: float | None = None,
    ) -> bool:
        """Note that a renewal failed: it is tried again later, or the credential quarantined.

        Args:
            renewal: As it was claimed.
            reason: Why, without a secret.
            counted: Whether it is held against the credential; what keeps everybody from being
                renewed, such as a network that is out, is not.
            after: Seconds until the next try, as an upstream asked.

        Returns:
            Whether the renewal still was this owner's; if not, nothing changes.
        """
        now = self._clock.now()
        reason = said(reason)

        async def work() -> CredentialRow | None:
            row = await CredentialRow.select_for_update().get_or_none(id=renewal.credential_id)
            if row is None or (row.digest, row.renewal_owner) != (renewal.digest, renewal.owner):
                return None
            failures = row.renewal_failures + counted
            values: dict[str, Any] = {
                "renewal_at": now + micros(pause(failures, counted=counted, after=after)),
                "renewal_failures": failures,
                "updated_at": now,
            }
            if row.state not in OUT_OF_USE:
                values["reason"] = f"renewal: {reason}"
                if counted and failures >= max_failures(renewal.channel):
                    values |= quarantined(values["reason"])
            return await released(row, values)

        row = await self._database.transact(work)
        if row is None:
            self._metrics.renewal(renewal.channel.provider, "late")
            return False
        self._metrics.renewal(renewal.channel.provider, "failed" if counted else "postponed")
        if row.renewal_at is None:
            self._tell(renewal, row)
        return True

    async def _saved(self, renewal: Renewal, values: dict[str, Any]) -> CredentialRow | None:
        """Write a fresh secret over the one that was to be renewed, and over no other."""
        now: int = values["renewed_at"]
        before = ""

        async def work() -> CredentialRow | None:
            nonlocal before
            row = await CredentialRow.select_for_update().get_or_none(id=renewal.credential_id)
            if row is None or row.digest != renewal.digest:
                return None
            before = row.state
            label = values["label"]
            if renewal.label is None and label is not None:
                # Nobody could tell before that the channel has this account already.
                known = await records.known(row.channel_id, values["digest"], label)
                if known is not None and known.id != row.id and known.label == label:
                    await remove(self._database, row.id)
                    before = known.state
                    fresh = {name: values[name] for name in ("digest", "sealed", "masked")}
                    fresh["expires_at"] = values["expires_at"]
                    return await records.overwrite(known, fresh, label, now)
            changes = {**FORGIVEN, **values, "updated_at": now}
            recent = row.renewed_at is not None and now - row.renewed_at < micros(HELPED)
            if row.state == "expired" and recent:
                changes["renewal_failures"] = row.renewal_failures + 1
                if changes["renewal_failures"] >= max_failures(renewal.channel):
                    changes |= quarantined("it is renewed, and the upstream refuses it still")
            elif row.state in ("disabled", "cooling"):
                # Neither the operator's word nor a quota that is used up ends with a new secret.
                for name in ("state", "reason", "cooling_until"):
                    del changes[name]
            return await released(row, changes)

        row = await self._database.transact(work)
        if row is not None and row.state != before:
            self._tell(renewal, row)
        return row

    def _tell(self, renewal: Renewal, row: CredentialRow) -> None:
        name = renewal.channel.name
        if row.state == "quarantined":
            self._alert(
                "credential_quarantined",
                f"{name}/{row.id}",
                f"credential {row.id} of the channel {name} is quarantined after "
                f"{row.renewal_failures} renewals in a row did not help: {row.reason}",
            )
        self._changed(
            CredentialChanged(
                credential_id=row.id, channel=name, state=row.state, reason=row.reason
            )
        )

    def _opened(
        self, row: CredentialRow, channel: Channel, owner: str, until: int
    ) -> Renewal | None:
        kind = self._kinds.get(row.kind)
        if kind is None:
            return None
        try:
            secret = open_secret(self._vault, row)
        except VaultError as error:
            # Left claimed: until the lease ends it does not keep others from being claimed.
            log.error("credential %s cannot be renewed: %s", row.id, error.message)
            return None
        return Renewal(
            credential_id=row.id,
            channel=channel,
            kind=kind,
            label=row.label,
            secret=secret,
            digest=row.digest,
            owner=owner,
            until=until,
        )
