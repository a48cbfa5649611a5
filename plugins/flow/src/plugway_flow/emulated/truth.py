"""What really happened, for those who want to compare it with what others believe."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from plugway_flow.emulated.jobs import EmulatedJob
from plugway_flow.emulated.mishaps import CallName


class Use(msgspec.Struct, kw_only=True, eq=False):
    """Is one call, whatever became of it.

    Attributes:
        account: Whose; empty: nobody's.
        call: Which.
        path: Of the request.
        body: What was asked; None: nothing, or no JSON object.
        at: When it began, seconds since 1970.
        until: When it ended; None: it has not.
        status: HTTP status; None: there was no answer.
        mishap: What went wrong with it on purpose; empty: nothing.
        left: Whether the client did not wait for the end.
    """

    account: str
    call: CallName
    path: str
    at: float
    body: dict[str, Any] | None = None
    until: float | None = None
    status: int | None = None
    mishap: str = ""
    left: bool = False


class Truth:
    """Remembers every call and every video.

    Attributes:
        uses: All calls, in the order they came.
        jobs: All videos by name, in the order they were asked for.
    """

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.jobs: dict[str, EmulatedJob] = {}
        self._busy: Counter[tuple[str, CallName]] = Counter()
        self._most: Counter[tuple[str, CallName]] = Counter()
        self._most_jobs: Counter[str] = Counter()

    def begin(self, call: CallName, path: str, at: float) -> Use:
        """Note that a call has come, and return what is known of it.

        Args:
            call: Which.
            path: Of the request.
            at: Seconds since 1970.
        """
        use = Use(account="", call=call, path=path, at=at)
        self.uses.append(use)
        return use

    def belongs(self, use: Use, account: str) -> None:
        """Note whose it is.

        Args:
            use: The call.
            account: Name of the account.
        """
        use.account = account
        key = (account, use.call)
        self._busy[key] += 1
        self._most[key] = max(self._most[key], self._busy[key])

    def end(self, use: Use, at: float) -> None:
        """Note that it is over.

        Args:
            use: The call.
            at: Seconds since 1970.
        """
        use.until = at
        if use.account:
            self._busy[use.account, use.call] -= 1

    def made(self, job: EmulatedJob) -> None:
        """Note that a video was asked for."""
        self.jobs[job.name] = job
        open_ = len(self.open(job.account))
        self._most_jobs[job.account] = max(self._most_jobs[job.account], open_)

    def open(self, account: str) -> list[EmulatedJob]:
        """Return the videos of an account that are not over."""
        return [job for job in self.jobs.values() if job.account == account and not job.ended]

    def of(self, call: CallName, account: str = "") -> list[Use]:
        """Return calls of one sort.

        Args:
            call: Which.
            account: Whose; empty: anybody's.
        """
        return [use for use in self.uses if use.call == call and account in ("", use.account)]

    def bodies(self, call: CallName, account: str = "") -> list[dict[str, Any]]:
        """Return what calls of one sort asked.

        Args:
            call: Which.
            account: Whose; empty: anybody's.
        """
        return [use.body for use in self.of(call, account) if use.body is not None]

    def most(self, account: str, call: CallName) -> int:
        """Return how many calls of an account were answered at once, at the most."""
        return self._most[account, call]

    def most_jobs(self, account: str) -> int:
        """Return how many videos of an account were under way at once, at the most."""
        return self._most_jobs[account]

    def counts(self, account: str) -> dict[str, int]:
        """Return how many calls of an account there were, by call."""
        return dict(Counter(use.call for use in self.uses if use.account == account))

    def clear(self) -> None:
        """Forget the calls that are over; the videos stay."""
        self.uses = [use for use in self.uses if use.until is None]
        self._most = Counter(self._busy)

    def public(self, account: str) -> dict[str, Any]:
        """Return what is known of an account, for JSON."""
        return {
            "counts": self.counts(account),
            "most_at_once": {
                call: most for (name, call), most in self._most.items() if name == account
            },
            "most_jobs": self.most_jobs(account),
        }
