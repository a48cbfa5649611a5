"""Has images and videos made with the accounts of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random, SystemRandom
from typing import TYPE_CHECKING

import msgspec

from plugway import (
    ChatModel,
    ChatRequest,
    MediaModels,
    NotFound,
    PlugwayError,
    TaskUpdate,
    TierTooLow,
    Turn,
    UnreadableAnswer,
    UpstreamError,
    Usage,
)
from plugway_flow import choosing
from plugway_flow.accounts import Accounts
from plugway_flow.making import underway as kept
from plugway_flow.making.caller import Caller
from plugway_flow.making.image_maker import ImageMaker
from plugway_flow.making.shapes import Shapes
from plugway_flow.making.underway import kept_name
from plugway_flow.making.uploads import Uploads
from plugway_flow.making.video_maker import VideoMaker
from plugway_flow.making.work import Work
from plugway_flow.models import listing
from plugway_flow.provider import NAME
from plugway_flow.settings import FlowSettings
from plugway_flow.wire.refusal import NotThere

if TYPE_CHECKING:
    from plugway import Gateway


class FlowModels(MediaModels):
    """Serves the models; images come with the answer, videos are asked for by `FlowPoller`."""

    provider = NAME

    def __init__(self, gateway: Gateway, random: Random | None = None) -> None:
        """Take the gateway.

        Args:
            gateway: Its settings, its clock and its accounts are used.
            random: Chooses seeds and names; None: the machine's.
        """
        self._gateway = gateway
        self._random = random or SystemRandom()

    def list(self) -> Iterable[ChatModel]:
        """Return the models, by all their names."""
        return listing(self._settings())

    def check(self, request: ChatRequest, model: ChatModel) -> None:
        """Refuse what the model cannot make.

        Args:
            request: What is asked.
            model: The model.

        Raises:
            BadRequest: It cannot be made; the message names the parameter.
        """
        super().check(request, model)
        choosing.check(request, model, self._settings())

    def usage(self, request: ChatRequest, model: ChatModel) -> Usage:
        """Return what an answer uses if it succeeds.

        Args:
            request: What is asked.
            model: The model.
        """
        return choosing.usage(request, model, self._settings())

    def suits(self, request: ChatRequest, model: ChatModel, credential_id: int) -> bool:
        """Say whether an account has paid for what is asked, as far as is known.

        Args:
            request: What is asked.
            model: The model.
            credential_id: The account's credential.
        """
        account = self._gateway.part(Accounts).known(credential_id)
        if account is None or not account.checked_at:
            return True
        try:
            choosing.recipe(request, model, account.tier, self._settings())
        except TierTooLow:
            return False
        except PlugwayError:
            # Whatever it is, no account is to blame for it.
            return True
        return True

    async def submit(self, request: ChatRequest, model: ChatModel, turn: Turn) -> TaskUpdate:
        """Have the upstream make it; all before the request that makes it is safe to repeat.

        Args:
            request: What is asked.
            model: The model.
            turn: One account, for all requests.

        Returns:
            Images, or the name of a video that is asked for later.

        Raises:
            PlugwayError: It is refused, or nobody knows; see `plugway_flow.wire.refusal`.
        """
        if turn.credential_id is None:
            raise NotFound(f"the model {model.id!r} does not exist", field="model")
        request = await self._as_its_source(request)
        try:
            return await self._made(request, model, turn)
        except NotThere as error:
            if not error.may_be_project(other=request.source is not None):
                raise
        # Somebody has deleted the project; nothing was made in it.
        await self._gateway.part(Accounts).forget_project(turn.credential_id)
        return await self._made(request, model, turn)

    async def _made(self, request: ChatRequest, model: ChatModel, turn: Turn) -> TaskUpdate:
        gateway, settings = self._gateway, self._settings()
        accounts, shapes = gateway.part(Accounts), gateway.part(Shapes)
        caller = Caller(turn)
        try:
            account = await accounts.prepared(turn)
            work = Work(
                request=request,
                recipe=choosing.recipe(request, model, account.tier, settings),
                account=account,
                usage=choosing.usage(request, model, settings),
                random=self._random,
            )
            client = work.client(caller.settings, gateway.clock.now())
            uploads = Uploads(caller, shapes)
            images = await uploads.hand_in(request, client, work.recipe.aspect)
        except UpstreamError as error:
            # Nothing was asked for yet that anybody pays for.
            error.acted = False
            raise
        if work.recipe.act == "image":
            maker = ImageMaker(caller, shapes, accounts, gateway.clock)
            return await maker.make(work, client, images)
        return await VideoMaker(caller, shapes, accounts).begin(work, client, images)

    async def _as_its_source(self, request: ChatRequest) -> ChatRequest:
        """Return a request whose shape, where it says none, is that of its source."""
        name = "" if request.source is None else request.source.name or ""
        if not name or request.aspect is not None:
            return request
        task = await self._gateway.tasks.find(NAME, upstream_id=kept_name(name))
        try:
            aspect = None if task is None else kept.read(task).recipe.aspect.lower()
        except UnreadableAnswer:
            aspect = None
        # What was made larger has a name that no task has: nothing is known of it.
        return msgspec.structs.replace(request, aspect=aspect)

    def _settings(self) -> FlowSettings:
        return self._gateway.settings(FlowSettings)
