"""What a submit is for, and the row that it begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.contract import Task, Usage
from plugway.ledger.operations import NewTask
from plugway.tasks.abstract import abstract

if TYPE_CHECKING:
    from plugway.bindings import Binding
    from plugway.request import Request


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Says what a submit is for; the arguments of `Tasks.open`."""

    provider: str
    kind: str
    model: str
    usages: tuple[Usage, ...]
    body: bytes
    external_id: str | None
    callback_url: str | None
    pin: Binding | None
    listed: str

    def row(
        self, request: Request, *, facts: str, price: int, next_poll_at: int, deadline: int
    ) -> NewTask:
        """Return the row of a task that nobody has been asked for yet.

        Args:
            request: The client's.
            facts: What its usage row will say; JSON.
            price: Credits that its success costs, at the most.
            next_poll_at: Microseconds since 1970 when nobody can be busy with it any more.
            deadline: When it expires.
        """
        return NewTask(
            provider=self.provider,
            kind=self.kind,
            model=self.model,
            user_id=request.principal.user_id,
            request_id=request.id,
            ip=request.client_ip,
            external_id=self.external_id,
            callback_url=self.callback_url,
            request=abstract(self.body),
            facts=facts,
            price=price,
            next_poll_at=next_poll_at,
            deadline=deadline,
        )


def begun(new: NewTask, call_id: str, now: int) -> Task:
    """Return a task as its row was written.

    Args:
        new: The row.
        call_id: Its call.
        now: Microseconds since 1970 when it was written.
    """
    return Task(
        id=0,
        call_id=call_id,
        provider=new.provider,
        kind=new.kind,
        model=new.model,
        user_id=new.user_id,
        external_id=new.external_id,
        callback_url=new.callback_url,
        request=new.request,
        facts=new.facts,
        price=new.price,
        next_poll_at=new.next_poll_at,
        deadline=new.deadline,
        created_at=now,
        updated_at=now,
    )
