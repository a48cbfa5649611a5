"""How videos begin, move and end."""

from __future__ import annotations

import msgspec

from plugway_flow.emulated.accounts import Accounts
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.films import lasts, mp4
from plugway_flow.emulated.jobs import ERRORS, OPEN, EmulatedJob, State
from plugway_flow.emulated.library import Library, Medium
from plugway_flow.emulated.moment import Moment
from plugway_flow.emulated.refusals import TRAFFIC, Refusal
from plugway_flow.emulated.truth import Truth

#: Pixels by aspect.
_SIZES = {"LANDSCAPE": (64, 36), "PORTRAIT": (36, 64)}

#: How many times as large by the end of the key.
_LARGER = {"1080p": 2, "4k": 4}

#: Seconds that an extension adds.
EXTENSION = 7.0


class Life:
    """Moves the videos of every account."""

    def __init__(
        self, behaviour: Behaviour, accounts: Accounts, truth: Truth, moment: Moment
    ) -> None:
        """Prepare.

        Args:
            behaviour: How videos move.
            accounts: Whose they are.
            truth: Has them.
            moment: Tells the time.
        """
        self._behaviour = behaviour
        self._accounts = accounts
        self._truth = truth
        self._moment = moment
        self.library: Library

    def admit(self, account: str, count: int) -> None:
        """Refuse videos that an account may not have now.

        Args:
            account: Its name.
            count: How many.

        Raises:
            Refusal: It may not.
        """
        self.catch_up()
        most = self._behaviour.most_jobs
        if most is not None and len(self._truth.open(account)) + count > most:
            raise Refusal(429, reason=TRAFFIC)

    def begin(self, job: EmulatedJob) -> None:
        """Begin a video: it is paid for."""
        self._accounts[job.account].credits -= job.cost
        if job.fate is None:
            fates = self._behaviour.fates.items()
            job.fate = next((state for word, state in fates if word in job.prompt), None)
        self._truth.made(job)

    def look(self, job: EmulatedJob) -> None:
        """Count a poll, and move the video if polls move it."""
        job.looks += 1
        behaviour = self._behaviour
        if behaviour.held:
            return
        if behaviour.seconds is not None:
            self._pass(job, behaviour.seconds)
        elif job.looks >= behaviour.looks:
            self._end(job)
        elif job.looks > 1 or behaviour.looks == 2:
            self._work(job)

    def catch_up(self) -> None:
        """Move every video to where time has brought it."""
        if self._behaviour.held or self._behaviour.seconds is None:
            return
        for job in self._truth.jobs.values():
            if not job.ended:
                self._pass(job, self._behaviour.seconds)

    def advance(self) -> None:
        """Move every open video by one state, even if they are held."""
        for job in self._truth.jobs.values():
            if job.state == "PENDING":
                self._work(job)
            else:
                self._end(job)

    def move(self, job: EmulatedJob, state: State, message: str = "") -> None:
        """Bring a video to a state; one that has ended stays as it is.

        Args:
            job: Which.
            state: Where to.
            message: Why it failed; empty: the usual.
        """
        if job.ended or job.state == state:
            return
        job.state, job.updated_at = state, self._moment.now()
        if state == "SUCCESSFUL":
            self.library.add(self._film(job))
        elif state not in OPEN:
            code, usual = ERRORS[state]
            job.error = (code, message or usual)
            if self._behaviour.refunds:
                self._accounts[job.account].credits += job.cost

    def _work(self, job: EmulatedJob) -> None:
        if job.fate != "PENDING":
            self.move(job, "ACTIVE")

    def _end(self, job: EmulatedJob) -> None:
        self._work(job)
        if job.fate not in OPEN:
            self.move(job, job.fate or "SUCCESSFUL")

    def _pass(self, job: EmulatedJob, seconds: float) -> None:
        age = self._moment.now() - job.created_at
        if age >= seconds * self._behaviour.active:
            self._work(job)
        if age >= seconds:
            self._end(job)

    def _film(self, job: EmulatedJob) -> Medium:
        width, height = _SIZES[job.aspect]
        seconds = job.model.seconds
        source = self.library.media.get(job.source)
        if source is not None:
            before = lasts(source.content)
            seconds = before if job.model.act == "Upsample" else before + EXTENSION
            scale = _LARGER.get(job.model.key.rpartition("_")[2], 1)
            width, height = source.width * scale, source.height * scale
        about = f"{job.model.key}/{job.prompt}/{job.seed}/{job.name}"
        return Medium(
            name=job.name,
            account=job.account,
            project=job.project,
            kind="video",
            content=mp4(about, width, height, seconds),
            mime_type="video/mp4",
            at=self._moment.now(),
            model=job.model.key,
            prompt=job.prompt,
            aspect=job.aspect,
            width=width,
            height=height,
            seconds=seconds,
        )


class Finish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a video to be brought to a state.

    Attributes:
        state: Which.
        message: Why it failed; empty: the usual.
    """

    state: State = "SUCCESSFUL"
    message: str = ""
