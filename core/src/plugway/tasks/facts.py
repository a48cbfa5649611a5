"""What the usage row of a task will say, kept with the task until it ends."""

from __future__ import annotations

import msgspec

from plugway.contract import Task, Usage
from plugway.ledger.operations import UsageRecord


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Holds what is known when a task is submitted.

    Attributes:
        request_id: The request that made it.
        account_id: Whose account pays.
        key_id: The key.
        ip: Where the request came from.
        usages: What it uses if it succeeds.
        upstream_ms: How long the upstream took to accept it.
        overhead_us: The gateway's own part of that request.
    """

    request_id: str
    account_id: int
    key_id: int | None
    ip: str
    usages: tuple[Usage, ...]
    upstream_ms: int = 0
    overhead_us: int = 0


def usage_record(
    task: Task, facts: Facts, now_us: int, *, status: int, error: str | None
) -> UsageRecord:
    """Return the usage row of a task that ends.

    Args:
        task: The task.
        facts: What was known at its submit.
        now_us: Microseconds since 1970.
        status: HTTP status that tells how it ended.
        error: Why it failed; None: it succeeded, and what it used is counted.
    """
    seen = facts.usages if error is None else ()
    return UsageRecord(
        call_id=task.call_id,
        request_id=facts.request_id,
        account_id=facts.account_id,
        user_id=task.user_id,
        key_id=facts.key_id,
        provider=task.provider,
        model=task.model,
        channel_id=task.channel_id,
        credential_id=task.credential_id,
        status=status,
        upstream_ms=facts.upstream_ms,
        overhead_us=facts.overhead_us,
        ip=facts.ip,
        created_at=now_us,
        input_tokens=sum(one.input_tokens for one in seen),
        output_tokens=sum(one.output_tokens for one in seen),
        images=sum(one.images for one in seen),
        videos=sum(one.videos for one in seen),
        estimated=any(one.estimated for one in seen),
        error=error,
    )
