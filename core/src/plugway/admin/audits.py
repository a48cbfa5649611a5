"""The audit over HTTP: what administrators changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.admin.moments import moment
from plugway.admin.pages import Page, Paging, Text, page
from plugway.admin.route import Route
from plugway.storage.models import Audit as AuditRow

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """Is one change.

    Attributes:
        id: Its id.
        actor: Who: `user/key`, or the command line's.
        action: Such as `user.add`.
        subject: What was changed.
        detail: How; no secret.
        request_id: In which request.
        created_at: When.
    """

    id: int
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    request_id: str
    created_at: datetime


class AuditQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses changes.

    Attributes:
        actor: Only this actor's.
        action: Only of this kind.
        subject: Only of this.
    """

    actor: Text | None = None
    action: Text | None = None
    subject: Text | None = None


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("GET /api/admin/audit", listed, "List changes", AuditQuery, Page[Audit])]


async def listed(ask: Ask, query: AuditQuery) -> Page[Audit]:
    """List changes, the newest first."""

    async def work() -> list[AuditRow]:
        rows = AuditRow.all()
        if query.actor is not None:
            rows = rows.filter(actor=query.actor)
        if query.action is not None:
            rows = rows.filter(action=query.action)
        if query.subject is not None:
            rows = rows.filter(subject=query.subject)
        if query.after:
            rows = rows.filter(id__lt=query.after)
        return await rows.order_by("-id").limit(query.limit + 1)

    found = await ask.gateway.database.run(work)
    return page([_shown(row) for row in found], query.limit, [row.id for row in found])


def _shown(row: AuditRow) -> Audit:
    return Audit(
        id=row.id,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        request_id=row.request_id,
        created_at=moment(row.created_at),
    )
