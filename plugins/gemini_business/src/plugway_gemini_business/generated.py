"""Media that the upstream has made, fetched from where it keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from plugway import (
    CredentialExpired,
    CredentialRestricted,
    Media,
    PlugwayError,
    Progress,
    QuotaExhausted,
    UnreadableAnswer,
    UpstreamError,
)
from plugway_gemini_business.provider import API_BASE
from plugway_gemini_business.widget import GeneratedFile

if TYPE_CHECKING:
    from plugway import Answer
    from plugway_gemini_business.widget import Waiting, Widget

#: Tries of one file, and the seconds before the next one (reference: "Generated media").
TRIES = 3
WAITS = (1.0, 2.0)

#: Both forms of the address: which one is right is not known (reference: "Hosts and paths").
_FORMS = ("/download", "")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 5

#: Hosts of the official service that a download may lead to; they get the account's bearer.
_OFFICIAL = (".googleapis.com", ".google.com")


class Place(NamedTuple):
    """Is where something can be fetched.

    Attributes:
        base_url: Scheme and host.
        target: Path and query.
    """

    base_url: str
    target: str


class _TooLargeError(UpstreamError):
    """What the upstream made is too large."""


class Generated:
    """Fetches the files of one answer."""

    def __init__(self, widget: Widget, session: str, clock: Waiting) -> None:
        """Prepare.

        Args:
            widget: Asks.
            session: Name of the session, the full one where it is known.
            clock: Waits between tries.
        """
        self._widget = widget
        self._session = session
        self._clock = clock
        settings, channel = widget.settings, widget.channel
        self._base_url = settings.download_base or channel.base_url
        self._own = (self._base_url, channel.base_url)
        self._version = settings.api_version
        self._limit = settings.media_bytes
        #: The form that worked last comes first.
        self._forms = list(_FORMS)

    async def fetch(self, files: Mapping[str, str]) -> AsyncIterator[Media | Progress]:
        """Fetch files.

        Args:
            files: Ids with the types that the answer gave them.

        Yields:
            Each file, after a word on how far it is.

        Raises:
            PlugwayError: One of them cannot be had.
        """
        known = await self._list(files)
        for number, (file_id, mime_type) in enumerate(files.items(), start=1):
            yield Progress(text=f"fetching {number} of {len(files)}")
            file = known.get(file_id) or GeneratedFile(file_id, mime_type, self._session)
            yield await self._patiently(file, mime_type)

    async def _list(self, wanted: Iterable[str]) -> dict[str, GeneratedFile]:
        """Ask where the files are; some are listed a little later than they are told of."""
        known: dict[str, GeneratedFile] = {}
        for once in range(TRIES):
            known = {file.file_id: file for file in await self._widget.files(self._session)}
            if all(file_id in known for file_id in wanted) or once == TRIES - 1:
                break
            await self._clock.sleep(WAITS[once])
        return known

    async def _patiently(self, file: GeneratedFile, mime_type: str) -> Media:
        told = ""
        for once in range(TRIES):
            if once:
                await self._clock.sleep(WAITS[once - 1])
            for form in tuple(self._forms):
                try:
                    media = await self._fetched(self._place(form, file), file, mime_type)
                except (CredentialExpired, CredentialRestricted, QuotaExhausted):
                    # The account's own trouble, which neither time nor another form cures.
                    raise
                except _TooLargeError:
                    raise
                except PlugwayError as error:
                    told = error.message
                    continue
                self._forms.remove(form)
                self._forms.insert(0, form)
                return media
        # What was made is used up, and no other account has it.
        raise UpstreamError(f"What the upstream made could not be fetched. {told}")

    async def _fetched(self, place: Place, file: GeneratedFile, mime_type: str) -> Media:
        answer = await self._follow(place)
        if answer.status != 200:
            raise await self._widget.refused(answer)
        try:
            if answer.length is not None and answer.length > self._limit:
                raise _TooLargeError(f"What the upstream made has more than {self._limit} bytes.")
            stated = _header(answer, b"content-type").partition(";")[0].strip().lower()
            if stated in ("text/html", "application/json"):
                raise UnreadableAnswer("Something else was there.")
            data = await answer.read(self._limit)
        finally:
            await answer.close()
        if not data:
            raise UnreadableAnswer("It is empty.")
        known = file.mime_type or mime_type or stated
        return Media(mime_type=known, data=data, name=file.name or None)

    def _place(self, form: str, file: GeneratedFile) -> Place:
        session = quote(file.session or self._session, safe="/-_.~")
        query = f"fileId={quote(file.file_id, safe='')}&alt=media"
        return Place(self._base_url, f"{form}/{self._version}/{session}:downloadFile?{query}")

    async def _follow(self, place: Place) -> Answer:
        for _ in range(_HOPS):
            answer = await self._widget.get(place.base_url, place.target)
            if answer.status not in _REDIRECTS:
                return answer
            location = _header(answer, b"location")
            await answer.close()
            place = redirected(place, location, self._own)
        raise UpstreamError("What the upstream made is behind too many redirects.")


def redirected(place: Place, location: str, own: Container[str]) -> Place:
    """Return where a redirect leads, if the account's bearer may go there.

    Args:
        place: Where it comes from.
        location: As the header says.
        own: Base URLs of the channel; with the official one Google's hosts are allowed too.

    Raises:
        UpstreamError: It may not.

    Example:
        >>> redirected(Place("http://127.0.0.1:1", "/a"), "/b?c=d", ["http://127.0.0.1:1"])
        Place(base_url='http://127.0.0.1:1', target='/b?c=d')
    """
    try:
        parts = urlsplit(urljoin(place.base_url + place.target, location))
        base_url, host = f"{parts.scheme}://{parts.netloc}", parts.hostname or ""
    except ValueError:
        base_url, host = "", ""
    official = API_BASE in own and base_url == f"https://{host}" and host.endswith(_OFFICIAL)
    if base_url not in own and not official:
        raise UpstreamError("What the upstream made is at a place where no bearer may go.")
    target = quote(parts.path or "/", safe="/:@!$&'()*+,;=~-._%")
    query = quote(parts.query, safe="/:@!$&'()*+,;=~-._%?")
    return Place(base_url, f"{target}?{query}" if query else target)


def _header(answer: Answer, name: bytes) -> str:
    found = (value for key, value in answer.raw_headers if key.lower() == name)
    return next(found, b"").decode("latin-1")
