"""What asks AI Studio with one profile: a page that is driven, or a relay inside one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import msgspec

from plugway import ChatEvent
from plugway_aistudio.question import Question


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Says what state a driver is in.

    Attributes:
        open: It has a page, or a relay that is connected.
        ready: It can take a question now.
        reason: Why it cannot; empty: it can, or nothing is known.
    """

    open: bool
    ready: bool
    reason: str = ""


class Driver(ABC):
    """Asks with one profile, one question at a time: open, submit, stream, and again.

    Whoever has claimed the profile's credential owns its driver, so no two questions meet in
    it. Every method raises an error of `plugway`'s; after any of them `open` begins anew.
    """

    @abstractmethod
    async def open(self) -> None:
        """Have what a question needs, signed in and with nothing left over; quick when it has.

        Raises:
            CredentialExpired: The profile is not signed in any more.
            ChallengeRequired: The upstream wants a person.
            CredentialRestricted: The account may not use AI Studio.
            UpstreamUnreachable: The browser could not reach the upstream.
            UpstreamTimeout: It did not get ready in time.
            UnreadableAnswer: The page is not the one that is known; the message names what is
                missing.
            ConfigurationError: There is no browser.
            Unavailable: The browser did not open, or has ended.
        """

    @abstractmethod
    async def submit(self, question: Question) -> None:
        """Send a question; returns when it is on its way.

        Args:
            question: What to ask.

        Raises:
            BadRequest: The page does not take something of it; the message says what.
            NotFound: There is no such model.
            UpstreamError: As `open` raises.
        """

    @abstractmethod
    def stream(self) -> AsyncGenerator[ChatEvent, None]:
        """Give the answer of the last question as it comes: an `async def` with `yield`.

        Yields:
            What comes, the last being `Finish`. An answer that ends otherwise is an error.

        Raises:
            QuotaExhausted: The account's quota for the model is used up; with the seconds until
                it is not, and `quota` the model's kind or `text` for the whole account.
            SafetyBlocked: The upstream does not answer this.
            CredentialExpired: The sign-in ended.
            CredentialRestricted: The account may not do that.
            UpstreamInterrupted: The answer was cut: by the upstream, a page that went elsewhere
                or crashed, a browser that ended.
            UpstreamTimeout: Nothing came for too long.
            UnreadableAnswer: What came is not understood.
        """

    @abstractmethod
    async def cancel(self) -> None:
        """Stop the answer, so that the upstream stops too; does nothing when there is none."""

    @abstractmethod
    async def state(self) -> Mapping[str, Any] | None:
        """Return the profile as its browser has it now, a storage state; None: it is not open.

        Raises:
            playwright.async_api.Error: The browser has ended.
        """

    @abstractmethod
    def health(self) -> Health:
        """Say how it is, without asking anybody."""

    @abstractmethod
    async def close(self) -> None:
        """End what it has; a second time does nothing."""
