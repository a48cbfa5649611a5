"""Credentials: profiles, with which a browser is signed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import ConfigurationError, CredentialKind, Grant, Secret
from plugway_aistudio.profiles import profile_file
from plugway_aistudio.profiles.profile import Profile, read, usable, written
from plugway_aistudio.provider import PROFILE

if TYPE_CHECKING:
    from plugway import Channel, Clock, Upstream
    from plugway_aistudio.profiles.visiting import Visiting


class ProfileGrant(Grant, frozen=True):
    """Is a grant without headers: a page sends its cookies itself.

    Attributes:
        profile: What it was made of.
    """

    profile: Profile | None = None

    def __repr__(self) -> str:
        return f"ProfileGrant({self.profile!r})"


class AIStudioProfile(CredentialKind):
    """Keeps profiles: storage states of browsers that are signed in to Google."""

    name = PROFILE

    def __init__(self, clock: Clock, visiting: Visiting | None = None) -> None:
        """Take the time.

        Args:
            clock: Dates profiles.
            visiting: Visits the page with a profile; None: there is no browser here.
        """
        self._clock = clock
        self._visiting = visiting
        self.renews = visiting is not None

    def parse(self, text: str) -> Secret:
        """Check a profile.

        Args:
            text: The JSON of a storage state, also with `name` and `saved_at`.

        Returns:
            One line of JSON that holds what is needed and no more.

        Raises:
            BadRequest: It is none; the message names what is wrong and repeats no value.
        """
        return Secret(written(profile_file.profile_of(text)))

    def split(self, text: str) -> Iterable[str]:
        """Take a file of many profiles apart.

        Args:
            text: One profile, a list of them, or JSON lines.
        """
        return profile_file.split(text)

    def label(self, secret: Secret) -> str | None:
        """Return the profile's name: no cookie tells whose account it is.

        A profile that is given no name has one after its sign-in, so the same one that is
        given twice takes one place.
        """
        return read(secret).name

    def expires(self, secret: Secret) -> float | None:
        """Return when the first of the cookies ends that sign in."""
        return read(secret).ends

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Return a grant without headers, if the cookies have not ended.

        Raises:
            CredentialExpired: They have.
        """
        profile = usable(secret, self._now())
        return ProfileGrant((), expires_at=profile.ends, profile=profile)

    async def renew(self, secret: Secret, channel: Channel, upstream: Upstream) -> Secret:
        """Visit the page in a browser with the profile, and take what it has then.

        Raises:
            PlugwayError: As `plugway_aistudio.profiles.visiting.visited`.
        """
        if self._visiting is None:
            return await super().renew(secret, channel, upstream)
        now = self._now()
        fresh = await self._visiting.visit(usable(secret, now), channel, upstream, now=now)
        return Secret(written(fresh))

    async def check(self, grant: Grant, channel: Channel, upstream: Upstream) -> None:
        """Visit the page in a browser, which asks no model anything.

        That the address answers would say nothing of the profile, so nothing less will do.

        Raises:
            ConfigurationError: There is no browser here, so nobody can tell.
            PlugwayError: As `plugway_aistudio.profiles.visiting.visited`.
        """
        if self._visiting is None or not isinstance(grant, ProfileGrant) or grant.profile is None:
            raise ConfigurationError(
                "it takes a browser to find out whether a profile is signed in, and there is none"
            )
        await self._visiting.visit(grant.profile, channel, upstream, now=self._now())

    def _now(self) -> float:
        return self._clock.now() / 1_000_000
