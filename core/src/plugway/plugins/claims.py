"""Who has what, where several plugins want the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plugway.contract import Mount
from plugway.plugins.contributions import Contribution
from plugway.routes import claims, intrudes, shape

#: Owner of the core's own routes.
CORE = "core"


class Claims:
    """Settles claims: of two plugins the first by name keeps what both want.

    What each plugin gets is all or nothing, so one that loses leaves its other names to
    the rest; that is why everything is settled again when one falls out late.

    Attributes:
        accepted: Contributions that hold, by plugin.
        owners: The plugin that has a kind and name.
        reasons: Why the others do not hold, by plugin.
    """

    def __init__(
        self,
        contributions: Mapping[str, Contribution],
        core: Iterable[Mount],
        labels: Mapping[str, str],
    ) -> None:
        """Settle.

        Args:
            contributions: By plugin, in the order of their names.
            core: The core's own routes, which nobody can take but for its fallbacks.
            labels: How messages name each plugin.
        """
        self._core = tuple(core)
        self._labels = labels
        late: dict[str, str] = {}
        while True:
            self.accepted: dict[str, Contribution] = {}
            self.owners: dict[tuple[str, str], str] = {}
            self.reasons = dict(late)
            for name, contribution in contributions.items():
                if name not in late:
                    self._take(contribution)
            self._holders = self._shapes()
            fallen = {
                name: reason
                for name, contribution in self.accepted.items()
                if (reason := self._incomplete(contribution) or self._rival(contribution))
            }
            if not fallen:
                return
            late.update(fallen)

    def gives_up(self, plugin: str, mount: Mount) -> bool:
        """Say whether a plugin's fallback gives way to somebody's mount of the same path."""
        return mount.fallback and bool(self._holders.get(shape(mount), set()) - {plugin})

    def routes(self) -> list[tuple[str, Mount]]:
        """Return the mounts that hold, with their owners."""
        found = [(CORE, mount) for mount in self._core if not self.gives_up(CORE, mount)]
        for name, contribution in self.accepted.items():
            found += [(name, m) for m in contribution.routes if not self.gives_up(name, m)]
        return found

    def given_up(self, plugin: str) -> frozenset[str]:
        """Return the shapes of a plugin's fallbacks that give way."""
        mounts = self.accepted[plugin].routes
        return frozenset(shape(mount) for mount in mounts if self.gives_up(plugin, mount))

    def _take(self, contribution: Contribution) -> None:
        name = contribution.plugin
        reason = self._intrusion(contribution)
        for kind, what in contribution.claims():
            owner = self.owners.get((kind, what))
            if owner is not None and reason is None:
                reason = f"{kind} {what!r} is registered by {self._labels[owner]}"
        if reason is not None:
            self.reasons[name] = reason
            return
        self.owners.update(dict.fromkeys(contribution.claims(), name))
        self.accepted[name] = contribution

    def _intrusion(self, contribution: Contribution) -> str | None:
        for mount in contribution.routes:
            for ours in self._core:
                # A fallback gives way, to a part of its paths too.
                if ours.fallback or (mount.fallback and shape(mount) == shape(ours)):
                    continue
                if intrudes(mount, ours):
                    return f"route {shape(mount)!r} is in the way of the core's {ours.path!r}"
        return None

    def _shapes(self) -> dict[str, set[str]]:
        holders: dict[str, set[str]] = {}
        for mount in self._core:
            if mount.fallback:
                continue
            holders.setdefault(shape(mount), set()).add(CORE)
        for name, contribution in self.accepted.items():
            for mount in contribution.routes:
                if not mount.fallback:
                    holders.setdefault(shape(mount), set()).add(name)
        return holders

    def _incomplete(self, contribution: Contribution) -> str | None:
        wants = [
            (
                "credential",
                f"provider {provider.name!r} wants the credential kind",
                provider.credential,
            )
            for provider in contribution.providers
        ]
        if contribution.emulator is not None:
            stood_for = contribution.emulator.provider
            wants.append(("provider", "the emulator stands in for the provider", stood_for))
        wants += [
            ("provider", "the poller asks for the provider", poller.provider)
            for poller in contribution.pollers
        ]
        wants += [
            ("provider", "the models are answered for by the provider", models.provider)
            for models in contribution.models
        ]
        for kind, what, name in wants:
            if name is not None and (kind, name) not in self.owners:
                return f"{what} {name!r}, and no plugin registers it"
        return None

    def _rival(self, contribution: Contribution) -> str | None:
        for name, other in self.accepted.items():
            if name == contribution.plugin:
                return None
            theirs = self._fallbacks(other)
            for claim in self._fallbacks(contribution):
                if claim in theirs:
                    return f"fallback route {claim!r} is registered by {self._labels[name]}"
        return None

    def _fallbacks(self, contribution: Contribution) -> set[str]:
        return {
            claim
            for mount in contribution.routes
            if mount.fallback and not self.gives_up(contribution.plugin, mount)
            for claim in claims(mount)
        }
