"""The list of models, as Anthropic's API shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.datastructures import ImmutableMultiDict

from plugway.errors import BadRequest

if TYPE_CHECKING:
    from plugway.contract import ChatModel

#: What a page has when the client does not say, and at the most (official reference: list models).
PAGE = 20
LONGEST_PAGE = 1000

_LIFECYCLES = ("active", "deprecated", "retired")


def listing(models: Sequence[ChatModel], query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of the models, the most recent ones first.

    Args:
        models: Those that the caller can use.
        query: `limit`, 1 to 1000; `after_id` or `before_id`, the id of a model; `lifecycle[]`,
            every model here being `active`. Other names are passed over.

    Raises:
        BadRequest: One of them is wrong.

    Example:
        >>> from plugway import ChatModel
        >>> page = listing([ChatModel(id="old", created=1), ChatModel(id="new", created=2)], {})
        >>> page["first_id"], page["last_id"], page["has_more"]
        ('new', 'old', False)
    """
    limit = _limit(query)
    shown = sorted(models, key=lambda model: -model.created) if _wants_active(query) else []
    names = [model.id for model in shown]
    if "after_id" in query and "before_id" in query:
        raise BadRequest("before_id: give either after_id or before_id", field="before_id")
    if "before_id" in query:
        end = _place(names, query, "before_id")
        start = max(0, end - limit)
        more = start > 0
    else:
        start = _place(names, query, "after_id") + 1 if "after_id" in query else 0
        end = min(len(shown), start + limit)
        more = end < len(shown)
    page = shown[start:end]
    return {
        "data": [described(model) for model in page],
        "has_more": more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


def described(model: ChatModel) -> dict[str, Any]:
    """Return what is told of one model.

    Args:
        model: The model.

    Example:
        >>> from plugway import ChatModel
        >>> told = described(ChatModel(id="poet", title="Poet", created=1_700_000_000))
        >>> told["type"], told["display_name"], told["created_at"]
        ('model', 'Poet', '2023-11-14T22:13:20Z')
    """
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.title or model.id,
        # Where it is not known the official API shows the epoch, too.
        "created_at": datetime.fromtimestamp(model.created, UTC).isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
        "max_input_tokens": model.input_limit,
        "max_tokens": model.output_limit,
        "capabilities": _capabilities(model),
    }


def _capabilities(model: ChatModel) -> dict[str, Any]:
    thinks = _support("reasoning" in model.honours)
    searches = _support("search" in model.honours)
    no, yes = _support(False), _support(True)
    return {
        "batch": no,
        "citations": searches,
        "code_execution": no,
        "context_management": no,
        # `xhigh` and `max` are taken, and mean `high`.
        "effort": {
            **thinks,
            "low": thinks,
            "medium": thinks,
            "high": thinks,
            "xhigh": no,
            "max": no,
        },
        "image_input": _support("image" in model.takes),
        "pdf_input": _support("file" in model.takes),
        "server_tools": {**searches, "web_search": searches, "code_execution": no},
        "structured_outputs": _support("json_schema" in model.honours),
        "thinking": {
            **thinks,
            "types": {"adaptive": thinks, "enabled": thinks, "disabled": yes, "between_tools": no},
        },
    }


def _support(supported: bool) -> dict[str, bool]:
    return {"supported": supported}


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(PAGE))
    # `int` also takes blanks, signs, underscores and the digits of other scripts.
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise BadRequest(f"limit: expected a number from 1 to {LONGEST_PAGE}", field="limit")
    return limit


def _wants_active(query: Mapping[str, str]) -> bool:
    """Say whether the lifecycles asked for, which the official package gives in brackets, fit."""
    wanted: list[str] = []
    for name in ("lifecycle", "lifecycle[]"):
        if isinstance(query, ImmutableMultiDict):
            wanted += query.getlist(name)
        elif name in query:
            wanted.append(query[name])
    if not set(wanted) <= set(_LIFECYCLES):
        raise BadRequest(f"lifecycle: expected one of {', '.join(_LIFECYCLES)}", field="lifecycle")
    return not wanted or "active" in wanted


def _place(names: Sequence[str], query: Mapping[str, str], field: str) -> int:
    try:
        return names.index(query[field])
    except ValueError:
        raise BadRequest(f"{field}: there is no such model", field=field) from None
