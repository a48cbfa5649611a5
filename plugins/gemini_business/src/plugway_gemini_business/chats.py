"""Answers chats with the accounts of a channel."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from plugway import (
    BadRequest,
    ChatEvent,
    ChatModel,
    ChatModels,
    ChatRequest,
    CredentialExpired,
    Media,
    NotFound,
    Turn,
    UnreadableAnswer,
)
from plugway_gemini_business.account import read
from plugway_gemini_business.attachment import accepted_type, file_name
from plugway_gemini_business.generated import Generated
from plugway_gemini_business.models import Offer, offers
from plugway_gemini_business.prompt import Attachment, prompt_of
from plugway_gemini_business.provider import NAME
from plugway_gemini_business.reply import Reply
from plugway_gemini_business.settings import GeminiBusinessSettings, Tool
from plugway_gemini_business.stream import Elements
from plugway_gemini_business.widget import Widget

if TYPE_CHECKING:
    from plugway import Gateway

#: Beginning of an answer that is looked at when it is no array.
_HEAD_BYTES = 4_096


class GeminiBusinessModels(ChatModels):
    """Serves the models; each answer has a session of its own, with nobody else's words in it."""

    provider = NAME

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Its settings and its clock are used.
        """
        self._gateway = gateway
        self._read_from: GeminiBusinessSettings | None = None
        self._offers: dict[str, Offer] = {}
        self._listed: tuple[ChatModel, ...] = ()

    def list(self) -> Iterable[ChatModel]:
        """Return the models, with suffixes in every order."""
        self._current()
        return self._listed

    def check(self, request: ChatRequest, model: ChatModel) -> None:
        """Refuse what the upstream cannot do, and files that it does not take."""
        super().check(request, model)
        with _named(request):
            for one in prompt_of(request.messages).attachments:
                if one.media.data is not None:
                    accepted_type(one.media)

    async def answer(
        self, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        """Ask the upstream in a new session, and pass on what it says."""
        offer = self._current().get(model.id)
        if offer is None or turn.secret is None:
            raise NotFound(f"the model {model.id!r} does not exist", field="model")
        prompt = prompt_of(request.messages)
        account = read(turn.secret)
        widget = Widget(turn, account, self._gateway.clock)
        session = await widget.create_session()
        with _named(request):
            file_ids = [await _uploaded(widget, turn, session, one) for one in prompt.attachments]
        reply = Reply(offer.wanted, turn.call_id, widget.error)
        fields = _question(widget, offer, request, session, prompt.text, file_ids)
        elements = Elements()
        head = b""
        async with widget.ask(fields) as answer:
            async for chunk in answer.chunks():
                if len(head) < _HEAD_BYTES:
                    head += chunk[:_HEAD_BYTES]
                try:
                    for element in elements.push(chunk):
                        for event in reply.read(element):
                            yield event
                except UnreadableAnswer as error:
                    raise _strange(error, head) from None
            elements.finish()
        for event in reply.ended():
            yield event
        if reply.files:
            generated = Generated(widget, reply.session or session, self._gateway.clock)
            async for one in generated.fetch(reply.files):
                if isinstance(one, Media):
                    for event in reply.took(one):
                        yield event
                else:
                    yield one
        finish = reply.finish()
        if widget.settings.delete_sessions:
            await widget.delete_session(session)
        yield finish

    def _current(self) -> dict[str, Offer]:
        settings = self._gateway.settings(GeminiBusinessSettings)
        if settings is not self._read_from:
            self._offers, self._read_from = offers(settings), settings
            self._listed = tuple([offer.chat for offer in self._offers.values()])
        return self._offers


@contextmanager
def _named(request: ChatRequest) -> Iterator[None]:
    """Name the conversation in errors about it, as the client spells it."""
    try:
        yield
    except BadRequest as error:
        field = request.spelt("messages")
        said = error.message.removeprefix("messages: ")
        raise BadRequest(f"{field}: {said}", field=field) from None


async def _uploaded(widget: Widget, turn: Turn, session: str, attachment: Attachment) -> str:
    """Send a file, one at a time so that no more than one is in memory; return its id."""
    media = await turn.load(attachment.media)
    mime_type = accepted_type(media)
    name = file_name(attachment.name, mime_type)
    return await widget.add_file(session, name, mime_type, media.data or b"")


def _question(
    widget: Widget,
    offer: Offer,
    request: ChatRequest,
    session: str,
    text: str,
    file_ids: list[str],
) -> dict[str, Any]:
    """Return the request (reference: "Streaming request")."""
    fields: dict[str, Any] = {
        "session": session,
        "query": {"parts": [{"text": text}]},
        "filter": "",
        "fileIds": file_ids,
        "answerGenerationMode": "NORMAL",
        "assistSkippingMode": "REQUEST_ASSIST",
        "languageCode": widget.settings.language,
        "userMetadata": {"timeZone": widget.settings.time_zone},
        "toolsSpec": _tools(offer, search=request.search),
    }
    if offer.model_id:
        fields["assistGenerationConfig"] = {"modelId": offer.model_id}
    return fields


def _tools(offer: Offer, *, search: bool | None) -> dict[str, Any]:
    tools: set[Tool] = set(offer.tools)
    if search is not None:
        # What the client says counts more than the model's name.
        tools = tools | {"search"} if search else tools - {"search"}
    found: dict[str, Any] = {}
    if "search" in tools:
        found["webGroundingSpec"] = {}
    if not offer.named:
        found["toolRegistry"] = "default_tool_registry"
    if "image" in tools:
        found["imageGenerationSpec"] = {}
    if "video" in tools:
        found["videoGenerationSpec"] = {}
    return found


def _strange(error: UnreadableAnswer, head: bytes) -> CredentialExpired | UnreadableAnswer:
    """Return the error of an answer that is not understood; a page may tell of a lost sign-in."""
    if b'"uToken"' in head and b"streamAssistResponse" not in head:
        return CredentialExpired("The upstream has lost the sign-in.", acted=False)
    return error
