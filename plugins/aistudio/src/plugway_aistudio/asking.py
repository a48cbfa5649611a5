"""What a client asks, as a question that the page can be asked."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway import BadRequest, ChatRequest, Media, Message, Part, Reasoning, ToolResult, Turn
from plugway_aistudio.functions import declarations
from plugway_aistudio.prompt import Attachment, prompt_of
from plugway_aistudio.question import File, Level, Question, Thinking

if TYPE_CHECKING:
    from plugway_aistudio.wire.listing import Listed

Effort = Literal["none", "low", "medium", "high"]

#: What the page cannot set, with what to say of it.
_UNSETTABLE = {
    "seed": "AI Studio's page has no seed",
    "top_k": "AI Studio's page does not set it",
}

#: Tokens to think with that an effort means, for models with a budget: the gateway's own choice,
#: since OpenAI does not say how many its efforts are.
_BUDGETS: Mapping[Effort, int] = {"low": 4_096, "medium": 12_288, "high": 24_576}

#: What drivers call parts of the question, by attribute of the request.
_PARTS = {"thinking": "reasoning", "functions": "tools", "files": "messages"}

#: Most stop texts that the page takes.
_STOPS = 5

#: Characters of a token at the most, in texts that people write, and tokens of a request where
#: the list does not say.
_LONGEST, _INPUT = 8, 1_048_576

#: All levels, from least to most.
_LEVELS: tuple[Level, ...] = ("minimal", "low", "medium", "high")


def check(request: ChatRequest, model: Listed, ignored: frozenset[str]) -> None:
    """Refuse by name what the page cannot do, before anything is held.

    Args:
        request: What is asked.
        model: As the page lists it.
        ignored: Parameters that the operator wants passed over.

    Raises:
        BadRequest: It cannot be done; the message names the parameter.
    """
    for name, said in _UNSETTABLE.items():
        if getattr(request, name) is not None and name not in ignored:
            raise _refused(request, name, said)
    choice = request.tool_choice
    if request.tools and (choice.mode == "required" or choice.names):
        raise _refused(
            request, "tool_choice", "AI Studio's page cannot make a model call functions"
        )
    if request.search and not model.search:
        raise _refused(request, "search", f"{model.id} cannot search")
    if request.search and functions_of(request):
        raise _refused(request, "search", "AI Studio's page takes functions or search, not both")
    reasoning = request.reasoning
    if reasoning is not None and _wants(reasoning) and not thinks(model):
        raise _refused(request, "reasoning", f"{model.id} does not think")
    if reasoning is not None and not _wants(reasoning) and thinks(model) and not model.thinking:
        raise _refused(request, "reasoning", f"{model.id} always thinks")
    with named(request):
        prompt = prompt_of(request.messages)
    most = _LONGEST * (model.input_limit or _INPUT)
    if len(prompt.text) + len(prompt.system) > most:
        # The page would not let it be sent, and not say why.
        raise _refused(request, "messages", f"{model.id} takes {model.input_limit} tokens")
    if functions_of(request):
        with spelt(request):
            declarations(request.tools)


async def loaded(request: ChatRequest, turn: Turn) -> ChatRequest:
    """Return a request whose media all have their bytes.

    Args:
        request: What is asked.
        turn: Fetches what is behind addresses.

    Raises:
        BadRequest: Media that cannot be had.
    """
    if not any(True for _ in request.media()):
        return request
    with named(request):
        messages = [
            Message(one.role, tuple([await _loaded(part, turn) for part in one.parts]))
            for one in request.messages
        ]
    return msgspec.structs.replace(request, messages=tuple(messages))


def question_of(request: ChatRequest, model: Listed, *, page: bool = True) -> Question:
    """Return what AI Studio is asked.

    Args:
        request: What `check` has let through, its media loaded.
        model: As the page lists it.
        page: It goes to the page, which takes functions in words of its own.

    Raises:
        BadRequest: Functions that the page does not take.
    """
    with named(request):
        prompt = prompt_of(request.messages)
    limit = request.max_tokens
    return Question(
        model=model.id,
        text=prompt.text,
        system=prompt.system,
        files=tuple([_file(one) for one in prompt.attachments]),
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=None if limit is None else min(limit, model.output_limit or limit),
        stop=_stops(request.stop),
        thinking=None if request.reasoning is None else thinking_of(request.reasoning, model),
        search=bool(request.search),
        functions=declarations(request.tools) if page and functions_of(request) else "",
        request=request,
    )


def functions_of(request: ChatRequest) -> bool:
    """Say whether the model may ask for functions."""
    return bool(request.tools) and request.tool_choice.mode != "none"


def thinks(model: Listed) -> bool:
    """Say whether a model thinks, whether that can be switched off or not."""
    return model.thinking or model.budget or model.level or bool(model.levels)


def thinking_of(reasoning: Reasoning, model: Listed) -> Thinking | None:
    """Return how much a model is to think, as its page can be told.

    Args:
        reasoning: As the client wants it.
        model: As the page lists it.

    Returns:
        None: as the model likes, where it has nothing to set.
    """
    if not _wants(reasoning):
        return Thinking(on=False) if model.thinking else None
    levels = model.levels or (_LEVELS if model.level else ())
    wanted, effort = reasoning.budget, reasoning.effort
    if levels:
        if wanted is not None:
            effort = next((name for name, most in _BUDGETS.items() if wanted <= most), "high")
        return Thinking(level=_nearest(levels, effort))
    if model.budget:
        return Thinking(budget=_BUDGETS[reasoning.effort] if wanted is None else wanted)
    return Thinking() if model.thinking else None


@contextmanager
def spelt(request: ChatRequest) -> Iterator[None]:
    """Name in errors what the page does not take as the client spells it."""
    try:
        yield
    except BadRequest as error:
        if error.field is None:
            raise
        field = request.spelt(_PARTS.get(error.field, error.field))
        said = error.message.removeprefix(f"{error.field}: ")
        raise BadRequest(f"{field}: {said}", field=field) from None


@contextmanager
def named(request: ChatRequest) -> Iterator[None]:
    """Name the conversation in errors about it, as the client spells it."""
    try:
        yield
    except BadRequest as error:
        field = request.spelt("messages")
        said = error.message.removeprefix("messages: ")
        raise BadRequest(f"{field}: {said}", field=field) from None


def _stops(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the texts that the page keeps as they are; the gateway ends answers at all of them."""
    kept = [text for text in texts if text.isprintable() and text == text.strip()]
    return tuple(kept[:_STOPS])


def _nearest(levels: tuple[Level, ...], wanted: str) -> Level:
    """Return the level of a model that is nearest to the one wanted, rather more than less."""
    names: list[str] = [*_LEVELS]
    above = _LEVELS[names.index(wanted) :]
    return next((one for one in above if one in levels), levels[-1])


def _wants(reasoning: Reasoning) -> bool:
    return reasoning.effort != "none" and reasoning.budget != 0


def _refused(request: ChatRequest, name: str, said: str) -> BadRequest:
    field = request.spelt(name)
    return BadRequest(f"{field}: {said}", field=field)


async def _loaded(part: Part, turn: Turn) -> Part:
    if isinstance(part, Media):
        return await turn.load(part)
    if isinstance(part, ToolResult):
        parts = [await turn.load(one) if isinstance(one, Media) else one for one in part.parts]
        return msgspec.structs.replace(part, parts=tuple(parts))
    return part


def _file(attachment: Attachment) -> File:
    media, name = attachment.media, attachment.name
    if "." not in name:
        name += mimetypes.guess_extension(media.mime_type) or ""
    return File(name, media.mime_type or "application/octet-stream", media.data or b"")
