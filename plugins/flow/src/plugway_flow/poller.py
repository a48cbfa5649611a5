"""Asks the upstream for videos until they are made."""

from __future__ import annotations

from random import Random, SystemRandom
from typing import TYPE_CHECKING, cast

import msgspec

from plugway import (
    Ask,
    ClientError,
    Pace,
    PlugwayError,
    Poller,
    QuotaExhausted,
    SafetyBlocked,
    Task,
    TaskGone,
    TaskUpdate,
    UpstreamError,
)
from plugway_flow.accounts import Accounts
from plugway_flow.making import underway as kept
from plugway_flow.making.caller import Caller
from plugway_flow.making.fetching import Fetching
from plugway_flow.making.larger import Larger
from plugway_flow.making.underway import Piece, Underway
from plugway_flow.provider import NAME
from plugway_flow.wire import video_bodies
from plugway_flow.wire.image_bodies import Post
from plugway_flow.wire.refusal import NotThere
from plugway_flow.wire.videos import Job, Standing, polled, question

if TYPE_CHECKING:
    from plugway import Gateway
    from plugway_flow.provider import FlowChannel

#: Seconds that the distance between polls grows to, where no longer one is set: a video that
#: is late is asked for a little less often, and an upstream in trouble is left in peace.
_SLOWEST = 10.0

#: Times as many polls for a video that is made larger (reference §5.4).
_LARGER = 3

#: Percent that are told: the upstream tells none, so they are a guess by the number of polls.
_PENDING = 5
_ACTIVE = 10
_STEP = 3
_MOST = 95


class FlowPoller(Poller):
    """Asks for videos; images are asked for only where they could not be fetched at once."""

    provider = NAME

    def __init__(self, gateway: Gateway, random: Random | None = None) -> None:
        """Take the gateway.

        Args:
            gateway: Its channels, its clock and its accounts are used.
            random: Chooses seeds and names; None: the machine's.
        """
        self._gateway = gateway
        self._larger = Larger(gateway, gateway.part(Accounts), random or SystemRandom())

    def pace(self, task: Task) -> Pace:
        """Say how often to ask for a task: as its channel's settings say.

        Args:
            task: The task.
        """
        channel = self._gateway.channels.get(task.channel_id or 0)
        if channel is None:
            return Pace()
        settings = cast("FlowChannel", channel.settings)
        return Pace(
            first=settings.poll_first,
            interval=settings.poll_seconds,
            slowest=max(settings.poll_seconds, _SLOWEST),
            most=settings.poll_attempts * (_LARGER if _is_made_larger(task) else 1),
        )

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask for a task by what was kept of it.

        Args:
            task: The task.
            ask: Asks with the account that makes it.

        Raises:
            TaskGone: The upstream does not know it.
            UpstreamError: Nothing was learnt.
        """
        underway = kept.read(task)
        async with ask.turn() as turn:
            try:
                return await self._poll(task, underway, Caller(turn))
            except NotThere as error:
                # A page of something in the way says nothing of the task.
                lost = TaskGone if error.told else UpstreamError
                raise lost(error.message) from None
            except (QuotaExhausted, ClientError) as error:
                # That it is asked too often says nothing of what the account may make.
                raise UpstreamError(error.message, retry_after=error.retry_after) from None

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Say that a submit whose answer was lost cannot be found: the upstream takes no name.

        Args:
            task: The task.
            ask: Asks nothing.

        Raises:
            TaskGone: Always; the account may hold a video that nobody asks for.
        """
        raise TaskGone("the answer to its submit was lost, and the upstream knows no name of ours")

    async def _poll(self, task: Task, underway: Underway, caller: Caller) -> TaskUpdate:
        if underway.job is None:
            return await self._delivered(task, underway, caller)
        try:
            standing = await self._asked(underway.job, caller)
        except NotThere as error:
            if underway.stage != "larger" or not (error.told and task.failures):
                raise
            return await self._plain(task, underway, error.message, caller)
        if underway.stage == "larger" and not standing.ended and self._is_last(task):
            return await self._plain(task, underway, "it has taken too long", caller)
        if not standing.ended:
            return _going(task, underway, standing)
        if standing.state == "made":
            return await self._made(task, underway, standing, caller)
        reason = standing.failure.reason if standing.failure is not None else ""
        if underway.stage == "larger":
            return await self._plain(task, underway, reason, caller)
        if standing.failure is not None and standing.failure.unsafe:
            # So the core knows it for what it is.
            reason = f"{SafetyBlocked.code}: {reason}"
        return TaskUpdate(state="failed", answer=underway.written(), reason=reason)

    async def _asked(self, job: Job, caller: Caller) -> Standing:
        post = Post(video_bodies.STATUS, question(job))
        return polled(await caller.ask(post, "a question for a video"), job)

    async def _made(
        self, task: Task, underway: Underway, standing: Standing, caller: Caller
    ) -> TaskUpdate:
        job = cast("Job", underway.job)
        piece = Piece(standing.media or job.name, standing.url)
        recipe = underway.recipe
        if underway.stage == "plain" and recipe.upscale and recipe.act != "upscale":
            if task.ended:
                # It is only looked at again.
                return _going(task, underway, standing)
            underway = await self._larger.begin(task, underway, piece, caller)
            if underway.job is not None:
                return _going(task, underway, Standing(state="pending"))
            return await self._delivered(task, underway, caller)
        done = msgspec.structs.replace(
            underway, stage="made", job=None, pieces=(piece,), usage=None
        )
        return await self._delivered(task, done, caller)

    async def _plain(self, task: Task, underway: Underway, why: str, caller: Caller) -> TaskUpdate:
        """Return the end of a task whose video was made, and is not made larger."""
        plain = msgspec.structs.replace(underway, stage="made", job=None, larger=why)
        return await self._delivered(task, plain, caller)

    def _is_last(self, task: Task) -> bool:
        """Say whether a task is not asked for again."""
        late = task.deadline is not None and self._gateway.clock.now() >= task.deadline
        return late or task.polls + 1 >= (self.pace(task).most or task.polls + 2)

    async def _delivered(self, task: Task, underway: Underway, caller: Caller) -> TaskUpdate:
        """Return the end of a task: what is there, and what is charged for it."""
        fetching = Fetching(caller, most=self._gateway.current().media.max_bytes)
        fetch = fetching.image if underway.recipe.act == "image" else fetching.video
        media = tuple([await fetch(piece, task.failures) for piece in underway.pieces])
        return TaskUpdate(
            state="succeed",
            answer=underway.written(),
            media=media,
            usages=None if underway.usage is None else (underway.usage,),
        )


def _going(task: Task, underway: Underway, standing: Standing) -> TaskUpdate:
    guess = _PENDING if standing.state == "pending" else _ACTIVE + _STEP * task.polls
    marked = msgspec.structs.replace(underway, progress="estimated")
    return TaskUpdate(
        state="processing",
        answer=marked.written(),
        progress=min(max(guess, task.progress or 0), _MOST),
    )


def _is_made_larger(task: Task) -> bool:
    try:
        return bool(kept.read(task).recipe.upscale)
    except PlugwayError:
        return False
