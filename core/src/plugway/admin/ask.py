"""One administrative request: who asks, for what, and the record of what was changed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from plugway.admin.pages import MAX_ID
from plugway.errors import NotFound
from plugway.storage.models import Audit
from plugway.telemetry.redaction import clean

if TYPE_CHECKING:
    from plugway.gateway import Gateway
    from plugway.identity.principal import Principal
    from plugway.request import Request

T = TypeVar("T")

log = logging.getLogger(__name__)

_ACTOR = 128
_SUBJECT = 190


class Ask:
    """Hands an endpoint its caller and parameters, and writes the audit.

    Attributes:
        gateway: The gateway.
        request: The request.
    """

    __slots__ = ("gateway", "request")

    def __init__(self, gateway: Gateway, request: Request) -> None:
        self.gateway = gateway
        self.request = request

    @property
    def principal(self) -> Principal:
        """Return the caller."""
        return self.request.principal

    @property
    def actor(self) -> str:
        """Return who asks, as ledger and audit name them: `user/key`, or the command line's."""
        principal = self.principal
        if principal.key_id is None:
            return principal.user[:_ACTOR]
        return f"{principal.user}/{principal.key_name}"[:_ACTOR]

    @property
    def name(self) -> str:
        """Return the `{name}` of the path."""
        name: str = self.request.path_params["name"]
        if not name.isprintable():
            raise NotFound
        return name

    @property
    def id(self) -> int:
        """Return the `{id}` of the path."""
        text: str = self.request.path_params["id"]
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= MAX_ID):
            raise NotFound
        return int(text)

    async def change(
        self,
        action: str,
        subject: str,
        work: Callable[[], Awaitable[T]],
        detail: dict[str, Any] | None = None,
    ) -> T:
        """Change something and record it, in one transaction.

        Args:
            action: Such as `user.add`.
            subject: What is changed.
            work: Changes it.
            detail: How; no secret.
        """

        async def whole() -> T:
            result = await work()
            await self._write(action, subject, detail)
            return result

        return await self.gateway.database.transact(whole)

    async def record(self, action: str, subject: str, detail: dict[str, Any] | None = None) -> None:
        """Record what was changed outside of this database connection, such as by the ledger.

        When that fails it is logged and not told: who is told of a failure tries again, and
        what was done would be done twice.

        Args:
            action: Such as `user.credit`.
            subject: What was changed.
            detail: How; no secret.
        """
        try:
            await self.gateway.database.transact(
                lambda: self._write(action, subject, detail), revise=False
            )
        except Exception:  # whatever it is, the change stands
            log.exception("%s of %s by %s was not recorded", action, subject, self.actor)

    async def _write(self, action: str, subject: str, detail: dict[str, Any] | None) -> None:
        await Audit.create(
            actor=self.actor,
            action=action,
            subject=subject[:_SUBJECT],
            # Nothing secret should be in it; if something is, it is not kept.
            detail=clean(detail or {}),
            request_id=self.request.id,
            created_at=self.gateway.clock.now(),
        )
