"""What there is of images and videos, and the signed links to it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal

import msgspec
from aiohttp import web

from plugway_flow.emulated.accounts import Account
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.moment import Moment
from plugway_flow.emulated.refusals import missing

#: Where links lead.
PATH = "/signed"

_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
}

_DENIED = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{}</Code></Error>"


class Medium(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Is one image or video.

    Attributes:
        name: What it is called.
        account: Whose.
        project: Id of its project; empty: none.
        kind: What it is.
        content: Its bytes.
        mime_type: Their type.
        at: When it was made, seconds since 1970.
        model: What made it; empty: it was sent here.
        prompt: What it shows; empty: it was sent here.
        aspect: Without what comes before it; empty: nobody said.
        width: Pixels; 0: not known.
        height: Pixels; 0: not known.
        seconds: How long it lasts.
    """

    name: str
    account: str
    project: str
    kind: Literal["image", "video"]
    content: bytes
    mime_type: str
    at: float
    model: str = ""
    prompt: str = ""
    aspect: str = ""
    width: int = 0
    height: int = 0
    seconds: float = 0.0


class Library:
    """Keeps images and videos, and hands them out.

    Attributes:
        base_url: Where it is.
        media: All of them by name.
    """

    def __init__(
        self, behaviour: Behaviour, moment: Moment, key: bytes, wait: Callable[[], None]
    ) -> None:
        """Prepare.

        Args:
            behaviour: How long links hold.
            moment: Tells the time.
            key: Signs links.
            wait: Brings videos to where time has brought them.
        """
        self.base_url = ""
        self.media: dict[str, Medium] = {}
        self._behaviour = behaviour
        self._moment = moment
        self._key = key
        self._wait = wait

    def add(self, medium: Medium) -> Medium:
        """Keep one, and return it."""
        self.media[medium.name] = medium
        return medium

    def own(self, account: Account, name: str, kind: str = "") -> Medium:
        """Return one of an account's.

        Args:
            account: Whose.
            name: What it is called.
            kind: What it must be; empty: either.

        Raises:
            Refusal: There is none such, or it is somebody else's.
        """
        self._wait()
        found = self.media.get(name)
        if found is None or found.account != account.name or kind not in ("", found.kind):
            raise missing()
        return found

    def link(self, medium: Medium) -> str:
        """Return a link to one that holds for a while.

        Args:
            medium: Which.
        """
        until = int(self._moment.now() + self._behaviour.links)
        file = f"{medium.name}.{_SUFFIXES[medium.mime_type]}"
        signature = self._signature(file, str(until))
        return f"{self.base_url}{PATH}/{file}?Expires={until}&Signature={signature}"

    def serve(self, request: web.Request) -> web.Response:
        """Serve a file; whoever has the link may have it.

        Args:
            request: The request.
        """
        file = request.match_info["file"]
        until = request.query.get("Expires", "")
        signature = request.query.get("Signature", "")
        if not hmac.compare_digest(signature.encode(), self._signature(file, until).encode()):
            return _denied(403, "AccessDenied")
        if self._moment.now() >= int(until):
            return _denied(403, "ExpiredToken")
        found = self.media.get(file.rpartition(".")[0])
        if found is None:
            return _denied(404, "NoSuchKey")
        return web.Response(body=found.content, content_type=found.mime_type)

    def _signature(self, file: str, until: str) -> str:
        return hmac.new(self._key, f"{file}?{until}".encode(), hashlib.sha256).hexdigest()


def _denied(status: int, code: str) -> web.Response:
    return web.Response(status=status, text=_DENIED.format(code), content_type="application/xml")
