"""Finds out where the upstream has what it made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from plugway import AccountMigrated, CredentialExpired, Media, PlugwayError, UpstreamError
from plugway_flow.provider import labs_base
from plugway_flow.wire.redirect import of_redirect
from plugway_flow.wire.refusal import NotThere
from plugway_flow.wire.videos import fetched

if TYPE_CHECKING:
    from plugway_flow.making.caller import Caller
    from plugway_flow.making.underway import Piece

_REDIRECT = "/fx/api/trpc/media.getMediaUrlRedirect"


class Fetching:
    """Says where media are, in one way after another.

    An answer tells a URL that ends after a while, or none; the site redirects to another one;
    the API hands out the bytes of a video as text.
    """

    def __init__(self, caller: Caller, *, most: int) -> None:
        """Take what is needed.

        Args:
            caller: Asks.
            most: Largest medium, bytes.
        """
        self._caller = caller
        self._most = most

    async def video(self, piece: Piece, failures: int) -> Media:
        """Return a video, or where it is.

        Args:
            piece: The video.
            failures: Times in a row that it could not be had: the next way is tried first.

        Raises:
            PlugwayError: It cannot be had now.
        """
        return await self._by((self._told, self._redirected, self._as_text), piece, failures)

    async def image(self, piece: Piece, failures: int) -> Media:
        """Return where an image is.

        Args:
            piece: The image.
            failures: As in `video`.

        Raises:
            PlugwayError: It cannot be had now.
        """
        return await self._by((self._told, self._redirected), piece, failures)

    async def _by(
        self,
        ways: tuple[Callable[[Piece], Awaitable[Media | None]], ...],
        piece: Piece,
        failures: int,
    ) -> Media:
        first = failures % len(ways)
        problem: PlugwayError | None = None
        for way in (*ways[first:], *ways[:first]):
            try:
                media = await way(piece)
            except PlugwayError as error:
                problem = problem or error
            else:
                if media is not None:
                    return media
        if problem is None:
            raise UpstreamError("the upstream does not say where it has what it made")
        # The task is there, whatever has become of the medium.
        raise UpstreamError(problem.message) if isinstance(problem, NotThere) else problem

    async def _told(self, piece: Piece) -> Media | None:
        return Media(url=piece.url, name=piece.name or None) if piece.url else None

    async def _redirected(self, piece: Piece) -> Media | None:
        if not piece.name:
            return None
        name = quote(piece.name, safe="")
        query = f"name={name}&mediaUrlType=MEDIA_URL_TYPE_FULL_MEDIA"
        location = await self._caller.redirect(f"{_REDIRECT}?{query}")
        if not location:
            return None
        turn = self._caller.turn
        base = labs_base(turn.channel.base_url, self._caller.settings)
        try:
            url = urljoin(base + _REDIRECT, location)
        except ValueError:
            return None
        error = of_redirect(url)
        if isinstance(error, AccountMigrated):
            raise error
        if isinstance(error, CredentialExpired):
            # The API may let in whom the site does not, and only the API's word counts.
            raise UpstreamError(error.message)
        return Media(url=url, name=piece.name) if url.startswith(("https:", "http:")) else None

    async def _as_text(self, piece: Piece) -> Media | None:
        if not piece.name:
            return None
        # Four characters say three bytes.
        most = self._most // 3 * 4 + 65_536
        path = f"/media/{quote(piece.name, safe='')}"
        return Media(
            mime_type="video/mp4",
            data=fetched(await self._caller.get(path, most=most)),
            name=piece.name,
        )
