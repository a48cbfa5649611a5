"""Has a video that is there made larger, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway import PlugwayError, Task, UpstreamError
from plugway_flow.making.underway import Piece, Underway
from plugway_flow.making.work import seeds, unique_name
from plugway_flow.provider import NAME
from plugway_flow.wire import video_bodies
from plugway_flow.wire.client import Client, session_id
from plugway_flow.wire.reading import credits_left
from plugway_flow.wire.videos import Job, submitted

if TYPE_CHECKING:
    from random import Random

    from plugway import Binding, Gateway
    from plugway_flow.accounts import Accounts
    from plugway_flow.making.caller import Caller

#: What the binding that marks a submit is of, and how long it marks it: as long as a task lives.
_MARK = "upscale"
_MARKED_SECONDS = 7 * 86_400.0


class Larger:
    """Has videos made larger.

    A poll makes the submit, and what it learns is written after it. So that a node that dies
    between the two, or another one that asks for the same task, does not submit again, a mark
    is made durable before: who finds an old one, and no job, delivers the plain video.
    """

    def __init__(self, gateway: Gateway, accounts: Accounts, random: Random) -> None:
        """Take what is needed.

        Args:
            gateway: Keeps the marks.
            accounts: Know the tiers, and are told of credits.
            random: Chooses seeds and names.
        """
        self._gateway = gateway
        self._accounts = accounts
        self._random = random

    async def begin(self, task: Task, underway: Underway, piece: Piece, caller: Caller) -> Underway:
        """Have a video made larger, if nobody has done so before.

        Args:
            task: Its task.
            underway: What is kept of it.
            piece: The video.
            caller: Asks.

        Returns:
            What is kept from now on: with a job, or with a reason why there is none.

        Raises:
            UpstreamError: It is being done right now.
        """
        bindings, call_id, user_id = self._gateway.bindings, task.call_id, task.user_id
        plain = msgspec.structs.replace(underway, stage="made", job=None, pieces=(piece,))
        if not piece.name:
            return msgspec.structs.replace(plain, larger="the upstream gave the video no name")
        mark = await bindings.find(NAME, _MARK, call_id, user_id=user_id)
        if mark is not None and not self._is_fresh(mark):
            return msgspec.structs.replace(plain, larger="what became of the submit is not known")
        if mark is not None or not await bindings.bind(
            NAME,
            _MARK,
            call_id,
            user_id=user_id,
            channel_id=caller.turn.channel.id,
            credential_id=caller.turn.credential_id,
            seconds=_MARKED_SECONDS,
        ):
            raise UpstreamError("the video is being made larger")
        try:
            job = await self._submit(underway, piece, caller)
        except PlugwayError as error:
            return msgspec.structs.replace(plain, larger=error.message)
        return msgspec.structs.replace(underway, stage="larger", job=job, pieces=(piece,))

    def _is_fresh(self, mark: Binding) -> bool:
        """Say whether the poll that has made a mark may be under way yet."""
        gateway = self._gateway
        made_at = (mark.expires_at or 0) - round(_MARKED_SECONDS * 1_000_000)
        lease = gateway.current().tasks.lease_seconds
        return gateway.clock.now() - made_at < lease * 1_000_000

    async def _submit(self, underway: Underway, piece: Piece, caller: Caller) -> Job:
        credential_id = caller.turn.credential_id or 0
        # Another node may have begun the task: nothing is known of the account here then.
        account = self._accounts.known(credential_id) or await self._accounts.store.get(
            credential_id
        )
        client = Client(
            session=session_id(self._gateway.clock.now()),
            project=underway.project,
            tool=caller.settings.tool,
            tier="free" if account is None else account.tier,
        )
        (seed,), scene = seeds(None, 1, self._random), unique_name(self._random)
        post = video_bodies.upsample(
            client, underway.recipe, media=piece.name, seed=seed, scene=scene
        )
        answer = await caller.ask(post, "a request for a larger video", acts=True)
        if (left := credits_left(answer)) is not None:
            await self._accounts.note_credits(credential_id, left)
        job, standing = submitted(answer, scene=scene, project=underway.project)
        if standing.failure is not None:
            raise UpstreamError(standing.failure.reason)
        return job
