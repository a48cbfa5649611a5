"""How a plugin turns an operator's secret into the authorization of one request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from plugway.errors import BadRequest, CredentialExpired

if TYPE_CHECKING:
    from plugway.contract.channels import Channel
    from plugway.upstream import Upstream


class Secret:
    """Carries one upstream secret without showing it by accident.

    Example:
        >>> Secret("sk-0123456789")
        Secret('sk-0…6789')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself; never log or store what this returns."""
        return self._text

    def masked(self) -> str:
        """Return a form that may be shown: both ends of a long secret, else nothing."""
        text = self._text
        return f"{text[:4]}…{text[-4:]}" if len(text) >= 12 else "…"

    def __repr__(self) -> str:
        return f"Secret({self.masked()!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Grant(msgspec.Struct, frozen=True):
    """Authorizes requests to the upstream.

    Attributes:
        headers: Set on the upstream request, replacing the client's of the same name.
        expires_at: Seconds since 1970 after which it is minted anew; None: never.
    """

    headers: tuple[tuple[str, str], ...]
    expires_at: float | None = None

    def __repr__(self) -> str:
        names = ", ".join(name for name, _ in self.headers)
        return f"Grant({names}; expires_at={self.expires_at})"


class CredentialKind(ABC):
    """Makes grants from one kind of upstream secret.

    Attributes:
        name: Named by `Provider.credential`; unique among all plugins.
        renews: A fresh secret can be had without a person.
        renews_here: The gateway gets it, by `renew`; else workers elsewhere do, which claim
            what is due.
    """

    name: str
    renews: bool = False
    renews_here: bool = True

    def parse(self, text: str) -> Secret:
        """Check a secret when it is saved.

        Args:
            text: As the operator typed it.

        Returns:
            The form to store.

        Raises:
            BadRequest: It cannot be one; the message does not repeat it.
        """
        text = text.strip()
        if not text or not text.isascii() or not text.isprintable():
            raise BadRequest("secret must be printable ASCII and not empty", field="secret")
        return Secret(text)

    def label(self, secret: Secret) -> str | None:
        """Say whose account a secret opens, such as an e-mail address; it is shown in lists.

        A channel has an account once: a secret with a label that it knows takes the place of
        the one before.

        Args:
            secret: What `parse` returned.

        Returns:
            At most 190 characters, always the same for one account; None: nobody can tell.
        """
        return None

    def expires(self, secret: Secret) -> float | None:
        """Say when a secret itself ends, as opposed to a grant made of it.

        Args:
            secret: What `parse` returned.

        Returns:
            Seconds since 1970; None: nobody can tell.
        """
        return None

    def split(self, text: str) -> Iterable[str]:
        """Take a file that was exported or written by hand apart into secrets.

        Args:
            text: The file.

        Returns:
            Texts that `parse` takes; by default the file is one.

        Raises:
            BadRequest: It holds none; the message does not repeat it.
        """
        return (text,)

    def export(self, secret: Secret) -> str:
        """Write a secret for a file, in a form that `split` reads.

        Args:
            secret: What `parse` returned.
        """
        return secret.reveal()

    async def renew(self, secret: Secret, channel: Channel, upstream: Upstream) -> Secret:
        """Get a fresh secret of the same account; called only of kinds that set `renews`.

        Args:
            secret: What `parse` returned; the upstream may no longer take it.
            channel: The channel it belongs to.
            upstream: For kinds that need no more than HTTP.

        Returns:
            What takes its place, with the same label.

        Raises:
            CredentialExpired: It takes a person, who signs in.
            UpstreamError: It failed for another reason; `UpstreamUnreachable` and
                `UpstreamTimeout` are not held against the account.
        """
        raise CredentialExpired("a person must sign in: secrets of this kind are not renewed")

    @abstractmethod
    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Make a grant; called again only when the last one is about to expire.

        Args:
            secret: What `parse` returned.
            channel: The channel it belongs to.
            upstream: For kinds that must ask the upstream.

        Raises:
            CredentialExpired: The upstream no longer takes this secret.
            UpstreamError: The upstream could not be asked.
        """

    def rest(self, body: bytes) -> float | None:
        """Say how long a secret rests that the upstream refused with status 429.

        Args:
            body: What it said; empty where that was long.

        Returns:
            Seconds, an hour at the most; None: as the upstream's `Retry-After` says, or some
            seconds.
        """
        return None

    async def check(self, grant: Grant, channel: Channel, upstream: Upstream) -> None:
        """Ask the upstream, at no cost, whether the grant works; `plugway channels test` calls it.

        The default reaches the channel's base URL with the grant and is content with any
        answer below 500 other than 401 and 403.

        Raises:
            UpstreamError: It does not work; the message says why and holds no secret.
        """
        await upstream.probe(channel, grant)


class BearerKey(CredentialKind):
    """Sends the secret as `Authorization: Bearer …`, as it is.

    Example:
        >>> import asyncio
        >>> grant = asyncio.run(BearerKey("example").mint(Secret("k1"), None, None))
        >>> grant.headers
        (('Authorization', 'Bearer k1'),)
    """

    def __init__(self, name: str) -> None:
        """Name the kind.

        Args:
            name: Unique among all plugins.
        """
        self.name = name

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Return the header."""
        return Grant((("Authorization", f"Bearer {secret.reveal()}"),))
