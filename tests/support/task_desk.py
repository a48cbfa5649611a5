"""Tasks as the ledger keeps them, made without an upstream."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from plugway.gateway import Gateway
from plugway.identity import users
from plugway.ids import new_id
from plugway.ledger.operations import Advance, EndState, Finish, NewCallback, NewTask, Reserve
from plugway.tasks.facts import Facts

_SECOND = 1_000_000


class TaskDesk:
    """Submits tasks of a gateway, moves them on and ends them."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def task(
        self,
        state: str = "submitted",
        *,
        user: str = "alice",
        provider: str = "shop",
        kind: str = "brew",
        channel: int | None = None,
        upstream_id: str | None = None,
        external_id: str | None = None,
        callback_url: str | None = None,
        request: str = "{}",
        answer: str | None = None,
        reason: str | None = None,
        key: Any = None,
        price: int = 10,
        age: float = 0.0,
        lasted: float = 0.0,
    ) -> str:
        """Make a task and return its call's id.

        Args:
            state: Where it stands; an end has sent its client a message, if it wants one.
            user: Whose it is.
            provider: Its provider.
            kind: Its kind.
            channel: The channel that was asked.
            upstream_id: The upstream's name for it.
            external_id: The client's.
            callback_url: Where messages go.
            request: JSON.
            answer: JSON.
            reason: Why it failed.
            key: With which key: its row.
            price: Credits that are held.
            age: Seconds since it was made.
            lasted: Seconds until it ended.
        """
        gateway = self.gateway
        owner = await users.find(gateway.database, user)
        made = gateway.clock.now() - round(age * _SECOND)
        # The ids of calls begin with their milliseconds.
        call_id = f"{made // 1000:012x}{new_id()[12:]}"
        facts = Facts(
            request_id=f"r-{call_id}",
            account_id=owner.account_id,
            key_id=None if key is None else key.id,
            ip="192.0.2.7",
            usages=(),
        )
        new = NewTask(
            provider=provider,
            kind=kind,
            model="tea",
            user_id=owner.id,
            request_id=facts.request_id,
            ip=facts.ip,
            external_id=external_id,
            callback_url=callback_url,
            request=request,
            facts=msgspec.json.encode(facts).decode(),
            price=price,
            next_poll_at=made + 3600 * _SECOND,
            deadline=made + 86_400 * _SECOND,
        )
        await gateway.ledger.submit(
            Reserve(
                call_id=call_id,
                account_id=owner.account_id,
                key_account_id=None if key is None else key.account_id,
                key_id=None if key is None else key.id,
                amount=price,
                quote="{}",
                created_at=made,
                expires_at=new.deadline,
                task=new,
            )
        )
        message = None
        if callback_url is not None:
            message = NewCallback(user_id=owner.id, url=callback_url, body=f'{{"is": "{state}"}}')
        ends = state in get_args(EndState)
        if channel is not None:
            await gateway.ledger.submit(Advance(call_id=call_id, at=made, channel_id=channel))
        moved = "submitted" if ends and upstream_id is not None else state
        if moved not in ("pending", *get_args(EndState)):
            await gateway.ledger.submit(
                Advance(
                    call_id=call_id,
                    at=made,
                    state=moved,  # type: ignore[arg-type]  # one of its literals
                    upstream_id=upstream_id,
                    answer=None if ends else answer,
                    reason=None if ends else reason,
                    callback=None if ends else message,
                )
            )
        if ends:
            await gateway.ledger.submit(
                Finish(
                    call_id=call_id,
                    at=made + round(lasted * _SECOND),
                    state=state,  # type: ignore[arg-type]  # one of its literals
                    answer=answer,
                    reason=reason,
                    callback=message,
                )
            )
        return call_id
