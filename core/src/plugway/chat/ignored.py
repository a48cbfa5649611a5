"""What a client asked for and its model does not follow, named in a header."""

from __future__ import annotations

from collections.abc import Iterable

from plugway.contract import ChatModel, ChatRequest
from plugway.contract.models import PARAMETERS

#: The header.
IGNORED = "x-plugway-ignored"

#: What is done here where the upstream does not.
_DONE_HERE = frozenset({"stop", "max_tokens"})


def ignored(asked: ChatRequest, model: ChatModel) -> dict[str, str]:
    """Return the header that names what a model does not follow, if there is such a thing.

    Args:
        asked: What is asked.
        model: Who is asked.
    """
    return named(
        asked.spelt(name)
        for name in sorted(PARAMETERS - model.honours - _DONE_HERE)
        if name in asked.given
    )


def named(names: Iterable[str]) -> dict[str, str]:
    """Return the header for some names, each once; nothing if there are none.

    Args:
        names: As the client spells them.

    Example:
        >>> named(["size", "seed", "size"])
        {'x-plugway-ignored': 'size, seed'}
    """
    once = dict.fromkeys(names)
    return {IGNORED: ", ".join(once)} if once else {}
