"""Models that make images and videos, each answer being a task."""

from __future__ import annotations

from abc import abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING

from plugway.contract.chat import ChatRequest
from plugway.contract.models import ChatModel, Models
from plugway.contract.tasks import TaskUpdate
from plugway.contract.usage import Usage

if TYPE_CHECKING:
    from plugway.calls.turn import Turn


class MediaModels(Models):
    """Makes images and videos with the models of one provider; every dialect reaches them.

    An answer is a task: whoever asks can leave and fetch it later. In a chat it is followed
    until it ends, and what it made is kept in the gateway's media store. The plugin's
    `Poller` is asked for tasks that `submit` did not end.
    """

    def kind(self, model: ChatModel) -> str:
        """Return the kind of a model's tasks: `video`, or `image` where it makes no videos.

        Args:
            model: The model.
        """
        return "video" if "video" in model.gives else "image"

    def usage(self, request: ChatRequest, model: ChatModel) -> Usage:
        """Return what an answer uses if it succeeds: so many images, or a video.

        Args:
            request: What is asked.
            model: The model.
        """
        if self.kind(model) == "video":
            return Usage(key=model.price_key, unit="video", videos=1)
        count = request.count
        return Usage(key=model.price_key, unit="image", quantity=Decimal(count), images=count)

    def suits(self, request: ChatRequest, model: ChatModel, credential_id: int) -> bool:
        """Say whether a credential may be asked at all, by what is known of its account.

        Args:
            request: What is asked.
            model: The model.
            credential_id: The credential. Of one that nothing is known of yet, say yes.
        """
        return True

    @abstractmethod
    async def submit(self, request: ChatRequest, model: ChatModel, turn: Turn) -> TaskUpdate:
        """Have the upstream make it.

        Until it returns, an `UpstreamError` that is `retryable` or did not act leads to
        another try with another credential. Whatever it raises, nothing is charged.

        Args:
            request: What is asked; the prompt is the text of its last message, and the images
                are `request.media()`.
            model: The model, one of `list()`.
            turn: One credential, for all requests to the upstream.

        Returns:
            `submitted` or `processing` with the upstream's id, or an end: `succeed` with its
            `media`.

        Raises:
            CredentialExpired: The credential is not accepted, and needs renewal.
            CredentialRestricted: The credential is not let in; it is put out of use for a while.
            TierTooLow: The account has not paid for this, and is in good order for the rest.
            QuotaExhausted: The credential's quota is used up.
            BadRequest: The upstream does not take the request.
            SafetyBlocked: Its rules do not allow this one.
            UpstreamError: Anything else.
        """
