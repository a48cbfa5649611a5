"""Has videos begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway import SafetyBlocked, TaskUpdate, UpstreamError
from plugway_flow.making.underway import Underway, kept_name
from plugway_flow.wire import video_bodies
from plugway_flow.wire.reading import credits_left
from plugway_flow.wire.videos import submitted

if TYPE_CHECKING:
    from plugway_flow.accounts import Accounts
    from plugway_flow.making.caller import Caller
    from plugway_flow.making.shapes import Shapes
    from plugway_flow.making.work import Work
    from plugway_flow.wire.client import Client
    from plugway_flow.wire.image_bodies import Post, Shape
    from plugway_flow.wire.reading import Fields
    from plugway_flow.wire.videos import Job, Standing

_WHAT = "a request for a video"


class VideoMaker:
    """Has videos begun; they are asked for until they are made."""

    def __init__(self, caller: Caller, shapes: Shapes, accounts: Accounts) -> None:
        """Take what is needed.

        Args:
            caller: Sends.
            shapes: Knows what the upstream takes.
            accounts: Told of credits.
        """
        self._caller = caller
        self._shapes = shapes
        self._accounts = accounts

    async def begin(self, work: Work, client: Client, images: tuple[str, ...]) -> TaskUpdate:
        """Have a video begun.

        Args:
            work: What is to be done.
            client: Who asks.
            images: Names of images that were handed in.

        Raises:
            PlugwayError: It is refused, or nobody knows.
        """
        recipe, caller = work.recipe, self._caller
        (seed,), scene, batch = work.seeds(1), work.name(), work.name()
        source = work.request.source
        name = (source.name or "") if source is not None else ""

        def post_of(shape: Shape) -> Post:
            if recipe.act == "upscale":
                return video_bodies.upsample(client, recipe, media=name, seed=seed, scene=scene)
            return video_bodies.generate(
                shape,
                client,
                recipe,
                prompt=work.prompt,
                seed=seed,
                scene=scene,
                batch=batch,
                images=images,
                source=name,
            )

        async def send(shape: Shape) -> tuple[Shape, Fields]:
            return shape, await caller.ask(post_of(shape), _WHAT, acts=True)

        shape, answer = await self._shapes.tried(caller.turn.channel, "video", send)
        job, standing = await self.understood(answer, scene, client.project)
        if standing.failure is not None:
            said = f"The upstream made no video: {standing.failure.reason}."
            raise SafetyBlocked(said) if standing.failure.unsafe else UpstreamError(said)
        underway = Underway(
            recipe=recipe,
            project=client.project,
            shape=shape,
            job=job,
            usage=work.plain_usage(),
        )
        return TaskUpdate(
            state="submitted", answer=underway.written(), upstream_id=kept_name(job.name)
        )

    async def understood(self, answer: Fields, scene: str, project: str) -> tuple[Job, Standing]:
        """Return the job that an answer tells of, its credits noted.

        Args:
            answer: To a submit.
            scene: Id of the scene that was sent.
            project: Id of the project.

        Raises:
            UnreadableAnswer: It names no job; one may be under way.
        """
        credential_id, left = self._caller.turn.credential_id, credits_left(answer)
        if left is not None and credential_id is not None:
            await self._accounts.note_credits(credential_id, left)
        return submitted(answer, scene=scene, project=project)
