"""Sessions, videos, voices and elements: whose they are, and which credential knows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import NotFound
from plugway_kling import identifiers
from plugway_kling.provider import NAME
from plugway_kling.refusal import refused

if TYPE_CHECKING:
    from plugway import Binding, Gateway, Task
    from plugway_kling.envelope import Fields


async def pin_for(
    gateway: Gateway,
    user_id: int,
    resources: Iterable[tuple[str, str]],
    *,
    needed: bool = False,
) -> Binding | None:
    """Return where a request must go because of what it builds on.

    Args:
        gateway: Knows what was made with what.
        user_id: Who asks.
        resources: Kinds and names.
        needed: Refuse what this gateway has not made: it may be another's at the upstream.

    Returns:
        None: nothing of it was made through this gateway, as with presets.

    Raises:
        NotFound: Something of it is another user's or, if `needed`, nobody's.
        BadRequest: Two of them were made with different credentials.
    """
    found: Binding | None = None
    for kind, name in resources:
        try:
            binding = await gateway.bindings.find(NAME, kind, name, user_id=user_id)
        except NotFound:
            raise _unknown(kind) from None
        if binding is None:
            if needed:
                raise _unknown(kind)
            continue
        if found is not None and found.credential_id != binding.credential_id:
            raise refused(f"{kind}_id", "it cannot be used together with the others")
        found = binding
    return found


async def bind_call(
    gateway: Gateway, data: Fields, user_id: int, channel_id: int, credential_id: int | None
) -> None:
    """Note what an answer has made.

    Args:
        gateway: Keeps it.
        data: What the upstream answered.
        user_id: Whose it is.
        channel_id: Where it was made.
        credential_id: With which credential.
    """
    for one in identifiers.made(data):
        await gateway.bindings.bind(
            NAME,
            one.kind,
            one.name,
            user_id=user_id,
            channel_id=channel_id,
            credential_id=credential_id,
            seconds=one.seconds,
        )


async def bind_results(gateway: Gateway, task: Task, data: Fields) -> None:
    """Note what a task has made; before its end is written, so that no crash loses it.

    Args:
        gateway: Keeps it.
        task: The task.
        data: What the upstream tells of it.
    """
    if task.channel_id is not None:
        await bind_call(gateway, data, task.user_id, task.channel_id, task.credential_id)


def _unknown(kind: str) -> NotFound:
    return NotFound(f"{kind}_id is invalid: there is no such {kind}", field=f"{kind}_id")
