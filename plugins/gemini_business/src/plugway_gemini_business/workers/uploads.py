"""Accounts that workers bring (reference: `POST /pool/upload-account`)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway import BadRequest, Conflict
from plugway_gemini_business.account import written
from plugway_gemini_business.account_file import account_of
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.workers import body, shared_secret
from plugway_gemini_business.workers.messages import WORKER_ID

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Channel, Gateway, Request
    from plugway_gemini_business.workers.desk import Desk

log = logging.getLogger(__name__)

_Word = Annotated[str, msgspec.Meta(max_length=200)]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """Says what an upload is for, beside the account in it.

    Attributes:
        task_id: The renewal that it is the result of; empty: the worker does not say.
        worker_id: Who has that renewal.
        is_new: The worker thinks that nobody knows the account; who does is seen here.
    """

    task_id: _Word = ""
    worker_id: Annotated[str, msgspec.Meta(pattern=f"^{WORKER_ID}{{0,40}}$")] = ""
    is_new: bool = False


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of an account.

    Attributes:
        success: It is saved.
        message: For people.
        email: Whose account it is.
        outcome: `renewed`, `added`, `updated`, `unchanged`, or `late`: the worker does not
            have that renewal any more, and nothing was changed.
    """

    success: bool
    message: str
    email: str
    outcome: str


class Uploads:
    """Takes accounts in: a renewed one replaces the old, a new one is added once."""

    def __init__(self, gateway: Gateway, desk: Desk) -> None:
        """Take the parts.

        Args:
            gateway: Keeps accounts.
            desk: Knows whose renewals they are.
        """
        self._gateway = gateway
        self._desk = desk

    async def take(self, request: Request) -> ASGIApp:
        """Answer an upload.

        Raises:
            NotAuthenticated: Without the workers' secret.
            BadRequest: It is no account.
            Conflict: It is new, and no channel was named for such.
        """
        shared_secret.check(request, self._gateway.settings(GeminiBusinessSettings).worker_secret)
        content = await body.content(request)
        upload = body.decoded(content, Upload)
        try:
            account = account_of(content.decode())
        except UnicodeDecodeError:
            raise BadRequest("the body is not JSON") from None
        text, label = written(account), account.label
        if upload.task_id and upload.worker_id:
            owner = f"worker:{upload.worker_id}"
            saved = await self._desk.uploaded(owner, upload.task_id, text, label)
            outcome = "renewed" if saved else "late"
        else:
            outcome = await self._save(text, label)
            self._desk.saved(label)
        log.info("an account was uploaded: %s", outcome)
        success = outcome != "late"
        message = "the account is saved" if success else "this worker has no such task"
        return body.answer(Uploaded(success=success, message=message, email=label, outcome=outcome))

    async def _save(self, text: str, label: str) -> str:
        """Save an account wherever it is known, else where new ones go."""
        adopt = self._gateway.renewals.adopt
        known = [one for one in self._desk.channels() if self._knows(one, label)]
        if known:
            outcomes = [await adopt(one, text) for one in known]
            return "updated" if "updated" in outcomes else outcomes[0]
        return await adopt(self._new(), text)

    def _knows(self, channel: Channel, label: str) -> bool:
        credentials = self._gateway.credentials.all(channel.id)
        return any(one.kind.label(one.secret) == label for one in credentials)

    def _new(self) -> Channel:
        name = self._gateway.settings(GeminiBusinessSettings).upload_channel
        channels = [one for one in self._desk.channels() if name in ("", one.name)]
        if len(channels) != 1:
            raise Conflict(
                "nobody knows this account, and the setting upload_channel does not say "
                "which channel gets new ones"
            )
        return channels[0]
