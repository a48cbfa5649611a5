"""What the page asked, read from its request (reference: "RPC that carries the answer").

The reference gives the first seven positions. Within the generation config and the tools the
positions are this emulator's own, the same as the page of `website` writes them:

| place | holds |
|---|---|
| `[0]` | `models/<id>` |
| `[1]` | contents: `[[parts, role], …]`; a part is `[, text]`, or `[,, [mime type, base64]]` |
| `[3][1]` | stop sequences |
| `[3][3]`, `[3][4]`, `[3][5]` | most tokens, temperature, top-p |
| `[3][16]` | thinking: `[on, budget, level]`; level: a code of `models.LEVELS` |
| `[4]` | the page's token |
| `[5]` | system instructions: `[[[, text]], "user"]` |
| `[6]` | tools, each with one place: 1 functions `[[name, description, schema], …]`, schema as |
|       | JSON text; 2 code execution; 3 search; 4 URL context |
| `[9]` | 1: a temporary chat |
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

import msgspec

from plugway_aistudio.emulated.models import LEVELS

_LEVEL_NAMES = {code: name for name, code in LEVELS.items()}


class AskedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Is a file that was sent.

    Attributes:
        mime_type: Its type.
        size: Its bytes.
        sha256: Their hash, hexadecimal.
    """

    mime_type: str
    size: int
    sha256: str


class Asked(msgspec.Struct, kw_only=True, eq=False):
    """Is one request for an answer, as the upstream got it.

    Attributes:
        model: Its id.
        text: Of the last turn, its parts put together.
        turns: All turns, as role and text.
        system: The system instructions.
        files: Of the last turn.
        temperature: None: not said.
        top_p: None: not said.
        max_tokens: None: not said.
        stop: Stop sequences.
        thinking: On or off; None: not said.
        budget: Of thinking, tokens; None: not said.
        level: Of thinking; empty: not said.
        search: Google search is on.
        url_context: It may read addresses.
        code_execution: It may run code.
        functions: Each with name, description and parameters.
        temporary: In a temporary chat.
        token: The page's.
        account: Whose cookies came with it; empty: nobody's.
        status: Of the answer; 0: it has not begun.
        frames: How many went out.
        ended: What became of the answer: `whole`, `refused`, `cut` on purpose, or `left` by
            the page; empty: it runs.
    """

    model: str = ""
    text: str = ""
    turns: tuple[tuple[str, str], ...] = ()
    system: str = ""
    files: tuple[AskedFile, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    thinking: bool | None = None
    budget: int | None = None
    level: str = ""
    search: bool = False
    url_context: bool = False
    code_execution: bool = False
    functions: tuple[dict[str, Any], ...] = ()
    temporary: bool = False
    token: object = None
    account: str = ""
    status: int = 0
    frames: int = 0
    ended: str = ""


def read(body: bytes) -> tuple[Asked, Any]:
    """Read a request.

    Args:
        body: As sent.

    Returns:
        What is asked, and the contents as sent, which the token is bound to.

    Raises:
        ValueError: It is not one; the message says where.
    """
    try:
        sent = json.loads(body)
    except ValueError:
        raise ValueError("The request is not JSON.") from None
    if not isinstance(sent, list):
        raise ValueError("The request is not an array.")
    model, contents = _at(sent, 0), _at(sent, 1)
    if not isinstance(model, str) or not model.startswith("models/"):
        raise ValueError("Field 0: not a model.")
    if not isinstance(contents, list) or not contents:
        raise ValueError("Field 1: no contents.")
    turns = tuple((str(_at(turn, 1)), _text(_at(turn, 0))) for turn in contents)
    config, thinking = _at(sent, 3), _at(_at(sent, 3), 16)
    on = _at(thinking, 0)
    asked = Asked(
        model=model.removeprefix("models/"),
        text=turns[-1][1],
        turns=turns,
        system=_text(_at(_at(sent, 5), 0)),
        files=tuple(_files(_at(contents[-1], 0))),
        temperature=_at(config, 4),
        top_p=_at(config, 5),
        max_tokens=_at(config, 3),
        stop=tuple(_at(config, 1) or ()),
        thinking=None if on is None else bool(on),
        budget=_at(thinking, 1),
        level=_LEVEL_NAMES.get(_at(thinking, 2), ""),
        temporary=bool(_at(sent, 9)),
        token=_at(sent, 4),
    )
    for tool in _at(sent, 6) or ():
        _take_tool(asked, tool)
    _check(asked)
    return asked, contents


def _take_tool(asked: Asked, tool: Any) -> None:
    functions = _at(tool, 1)
    if functions is not None:
        asked.functions = tuple(
            {
                "name": _at(each, 0),
                "description": _at(each, 1),
                "parameters": json.loads(_at(each, 2) or "null"),
            }
            for each in functions
        )
    asked.code_execution |= _at(tool, 2) is not None
    asked.search |= _at(tool, 3) is not None
    asked.url_context |= _at(tool, 4) is not None


def _check(asked: Asked) -> None:
    if asked.temperature is not None and not 0 <= asked.temperature <= 2:
        raise ValueError("Field 3.4: temperature must be in the range [0.0, 2.0].")
    if asked.top_p is not None and not 0 <= asked.top_p <= 1:
        raise ValueError("Field 3.5: top_p must be in the range [0.0, 1.0].")
    if asked.max_tokens is not None and asked.max_tokens < 1:
        raise ValueError("Field 3.3: max_output_tokens must be positive.")
    if len(asked.stop) > 5:
        raise ValueError("Field 3.1: at most 5 stop sequences.")
    if asked.functions and (asked.search or asked.url_context):
        raise ValueError("Field 6: tool use with function calling is unsupported.")


def _text(parts: Any) -> str:
    found = (_at(part, 1) for part in parts or ())
    return "".join(text for text in found if isinstance(text, str))


def _files(parts: Any) -> list[AskedFile]:
    found = []
    for part in parts or ():
        media = _at(part, 2)
        if media is None:
            continue
        try:
            data = base64.b64decode(_at(media, 1) or "", validate=True)
        except (binascii.Error, TypeError):
            raise ValueError("Field 1: a file is not base64.") from None
        digest = hashlib.sha256(data).hexdigest()
        found.append(AskedFile(mime_type=str(_at(media, 0)), size=len(data), sha256=digest))
    return found


def _at(value: Any, place: int) -> Any:
    return value[place] if isinstance(value, list) and place < len(value) else None
