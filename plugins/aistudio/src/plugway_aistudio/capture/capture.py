"""What reads the answers of one page while they arrive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

#: Ends of the addresses of the page's own requests (reference: "RPC that carries the answer").
ANSWERS = "MakerSuiteService/GenerateContent"
MODELS = "MakerSuiteService/ListModels"


class Exchange(ABC):
    """Is one request of the page that an answer comes to.

    It is for one reader. What has come is given before the error that ended it is raised.
    """

    @property
    @abstractmethod
    def heard(self) -> float:
        """Return when something of it came last, or else when it was expected.

        Returns:
            Seconds, of the clock's `monotonic`. Who waits measures silence from here.
        """

    @abstractmethod
    async def sent(self) -> None:
        """Wait until the page has sent its request.

        Raises:
            UpstreamInterrupted: The page went elsewhere, crashed or was closed, or the browser
                ended, before.
        """

    @abstractmethod
    async def status(self) -> int:
        """Wait for the HTTP status of the answer.

        Raises:
            UpstreamInterrupted: As `sent`, or the network failed, or the page stopped it.
        """

    @abstractmethod
    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the answer's body as it comes, byte for byte; ends when it is whole.

        Raises:
            UpstreamInterrupted: It was cut, whatever the reason; the message says which.
            UnreadableAnswer: Too much of it waited to be read, or the browser did not give it.
        """


class Capture(ABC):
    """Listens to one page; made before the page goes anywhere."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Return whether nothing will be heard of this page any more."""

    @abstractmethod
    def expect(self) -> Exchange:
        """Return the page's next request for an answer; an earlier one is forgotten.

        Called before whatever makes the page send it, and after the page has arrived and has
        answered something there: a page that goes elsewhere afterwards cuts the exchange. Where
        the page may have been made to send the earlier one, `sent` of that has come first: what
        is under way would be taken for the next.
        """

    @abstractmethod
    async def close(self) -> None:
        """Listen no longer; a second time does nothing. What waits is cut."""


def goes_to(url: str, end: str) -> bool:
    """Say whether an address is one of those that end so, whatever its host and query.

    Args:
        url: The request's.
        end: `ANSWERS` or `MODELS`.

    Example:
        >>> goes_to("https://pa.example/$rpc/x.MakerSuiteService/ListModels?key=1", MODELS)
        True
        >>> goes_to("https://pa.example/log?of=MakerSuiteService/ListModels", MODELS)
        False
    """
    try:
        return urlsplit(url).path.endswith(end)
    except ValueError:
        # A page may ask for what is no address.
        return False
