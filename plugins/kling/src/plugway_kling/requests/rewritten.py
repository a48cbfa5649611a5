"""A request's body as the upstream gets it."""

from __future__ import annotations

import msgspec

from plugway import BadRequest
from plugway_kling.price_keys import ALIASES
from plugway_kling.refusal import refused
from plugway_kling.requests.reading import read_object

_Fields = dict[str, msgspec.Raw]


def rewrite(
    body: bytes, *, external_task_id: str | None, callback_url: str | None, kind: str = ""
) -> bytes:
    """Set or remove the task's id and callback address, and leave all else as it is written.

    The order of fields, unknown fields, integers of any length and floats such as `1.0` stay.
    A model's other spelling, which prices know, becomes the official one.

    Args:
        body: As the client sent it.
        external_task_id: The id that the upstream is to know the task by; None: none.
        callback_url: Where the upstream is to tell of it; None: nowhere.
        kind: The endpoint; the newer generation (`new/…`) has the two inside `options`.

    Raises:
        BadRequest: The body is no JSON object, or names a key twice.

    Example:
        >>> rewrite(b'{"n": 1.0, "callback_url": ""}', external_task_id="a", callback_url=None)
        b'{"n":1.0,"external_task_id":"a"}'
    """
    read_object(body)
    fields = _fields(body)
    given = {"external_task_id": external_task_id, "callback_url": callback_url}
    if kind.startswith("new/"):
        inner = fields.get("options", msgspec.Raw(b"{}"))
        options = _put({} if bytes(inner) in _ABSENT else _fields(bytes(inner), "options"), given)
        if options or "options" in fields:
            fields["options"] = msgspec.Raw(msgspec.json.encode(options))
        return msgspec.json.encode(fields)
    model = fields.get("model_name")
    if model is not None and len(bytes(model)) < 64:
        name = msgspec.json.decode(model)
        if isinstance(name, str) and name in ALIASES:
            fields["model_name"] = msgspec.Raw(msgspec.json.encode(ALIASES[name]))
    return msgspec.json.encode(_put(fields, given))


#: What `options` may be besides an object, and then means nothing.
_ABSENT = frozenset({b"null", b'""', b"[]"})


def _fields(text: bytes, field: str = "") -> _Fields:
    try:
        return msgspec.json.decode(text, type=_Fields)
    except (msgspec.MsgspecError, RecursionError):
        if field:
            raise refused(field, "expected an object") from None
        raise BadRequest("the body is not a JSON object") from None


def _put(fields: _Fields, given: dict[str, str | None]) -> _Fields:
    for name, value in given.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = msgspec.Raw(msgspec.json.encode(value))
    return fields
