"""What really happened, for those who want to compare it with what others believe."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from plugway_gemini_business.emulated.mishaps import CallName


class Use(msgspec.Struct, kw_only=True, eq=False):
    """Is one call, whatever became of it.

    Attributes:
        account: Whose; empty: nobody's.
        call: Which.
        at: When it began, seconds since 1970.
        until: When it ended; None: it has not.
        status: HTTP status; None: there was no answer.
        mishap: What went wrong with it on purpose; empty: nothing.
        left: Whether the client did not wait for the end.
    """

    account: str
    call: CallName
    at: float
    until: float | None = None
    status: int | None = None
    mishap: str = ""
    left: bool = False


class Asked(msgspec.Struct, kw_only=True, eq=False):
    """Is one question as it came.

    Attributes:
        account: Whose.
        session: Short name of its session.
        turn: Which question of the session, from 1.
        text: All of its text.
        words: What the user said last in it.
        model: The `modelId`; empty: none was given.
        language: The `languageCode`.
        time_zone: The user's.
        tools: Of `search`, `registry`, `image` and `video` those it may use.
        files: Ids of the files with it.
    """

    account: str
    session: str
    turn: int
    text: str
    words: str
    model: str
    language: str
    time_zone: str
    tools: tuple[str, ...]
    files: tuple[str, ...]


class Truth:
    """Remembers every call and every question.

    Attributes:
        uses: All calls, in the order they came.
        asked: All questions, in the order they came.
    """

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.asked: list[Asked] = []
        self._busy: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    def begin(self, call: CallName, at: float) -> Use:
        """Note that a call has come, and return what is known of it.

        Args:
            call: Which.
            at: Seconds since 1970.
        """
        use = Use(account="", call=call, at=at)
        self.uses.append(use)
        return use

    def belongs(self, use: Use, account: str) -> None:
        """Note whose it is.

        Args:
            use: The call.
            account: Name of the account.
        """
        use.account = account
        if use.call == "ask":
            self._busy[account] += 1
            self._most[account] = max(self._most[account], self._busy[account])

    def end(self, use: Use, at: float) -> None:
        """Note that it is over.

        Args:
            use: The call.
            at: Seconds since 1970.
        """
        use.until = at
        if use.call == "ask" and use.account:
            self._busy[use.account] -= 1

    def times(self, account: str, call: CallName = "ask") -> list[float]:
        """Return when an account's calls began, seconds since 1970.

        Args:
            account: Whose.
            call: Which calls.
        """
        return [use.at for use in self.uses if (use.account, use.call) == (account, call)]

    def gaps(self, account: str, call: CallName = "ask") -> list[float]:
        """Return the seconds between an account's calls, from the end of one to the next.

        What has not ended counts from its beginning; a gap below 0 is an overlap.

        Args:
            account: Whose.
            call: Which calls.
        """
        made = [use for use in self.uses if (use.account, use.call) == (account, call)]
        ends = [use.at if use.until is None else use.until for use in made]
        return [later.at - end for end, later in zip(ends, made[1:], strict=False)]

    def busy(self, account: str) -> int:
        """Return how many questions of an account are being answered now."""
        return self._busy[account]

    def most(self, account: str) -> int:
        """Return how many questions of an account were answered at once, at the most."""
        return self._most[account]

    def counts(self, account: str) -> dict[str, int]:
        """Return how many calls of an account there were, by call."""
        return dict(Counter(use.call for use in self.uses if use.account == account))

    def clear(self) -> None:
        """Forget what is over."""
        self.uses = [use for use in self.uses if use.until is None]
        self.asked.clear()
        self._most = Counter(self._busy)

    def public(self, account: str) -> dict[str, Any]:
        """Return what is known of an account's calls, for JSON."""
        return {
            "counts": self.counts(account),
            "busy": self.busy(account),
            "most_at_once": self.most(account),
            "asked_at": self.times(account),
            "gaps": self.gaps(account),
        }
