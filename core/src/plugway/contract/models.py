"""Models that a plugin serves through the core's chat dialects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from plugway.contract.chat import ChatRequest
from plugway.contract.chat_events import ChatEvent
from plugway.errors import BadRequest, ConfigurationError

if TYPE_CHECKING:
    from plugway.calls.turn import Turn

Kind = Literal["text", "image", "video", "audio", "file"]

#: A kind of quota that a credential has: what one answer draws from. `text`, `images` and
#: `videos` have settings of their own; another name, such as a model's, is for a quota that
#: the upstream keeps apart, and its calls wait in a queue of their own.
Quota = str

#: Attributes of `ChatRequest` that a model may honour.
PARAMETERS = frozenset(
    {
        "tools",
        "temperature",
        "top_p",
        "top_k",
        "max_tokens",
        "stop",
        "seed",
        "reasoning",
        "json_schema",
        "search",
        "aspect",
        "resolution",
        "seconds",
    }
)


class ChatModel(msgspec.Struct, frozen=True, kw_only=True):
    """Describes one model, as the lists of models show it.

    Attributes:
        id: What clients ask for.
        base: What channels and keys list for it, so that they need not list its variants;
            empty: its id. A key that lists only the id of a variant may use that one.
        tariff: Key of its prices, by the units `input_token`, `output_token`, `image` and
            `video`; empty: its base.
        title: For people.
        description: For people.
        owner: Who made it.
        created: Seconds since 1970.
        input_limit: Most tokens of a request.
        output_limit: Most tokens of an answer.
        takes: Kinds of input.
        gives: Kinds of output. What is not text needs a price for each `image` or `video`.
        honours: Attributes of `ChatRequest` that the upstream follows. Of the others `stop`
            and `max_tokens` are done here, functions and JSON are refused, the rest is
            ignored, and a header says so.
        quotas: Kinds of the credential's quota that an answer draws from.
        listed: Lists show it; off for other spellings of one that they do.
        shown: More fields of its entry in OpenAI's list, for clients that know them.

    Raises:
        ConfigurationError: An unusable id, or a parameter that there is not.

    Example:
        >>> ChatModel(id="poet-image", base="poet", gives={"text", "image"}).price_key
        'poet'
    """

    id: str
    base: str = ""
    tariff: str = ""
    title: str = ""
    description: str = ""
    owner: str = ""
    created: int = 0
    input_limit: int = 1_048_576
    output_limit: int = 65_536
    takes: Set[Kind] = frozenset({"text"})
    gives: Set[Kind] = frozenset({"text"})
    honours: Set[str] = frozenset()
    quotas: tuple[Quota, ...] = ("text",)
    listed: bool = True
    shown: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.quotas:
            raise ConfigurationError(f"model {self.id!r}: an answer draws from something")
        if not self.id or not self.id.isprintable() or set(self.id) & set(" ?#%:"):
            raise ConfigurationError(f"model {self.id!r}: no spaces and none of ? # % :, please")
        if not set(self.honours) <= PARAMETERS:
            strange = ", ".join(sorted(set(self.honours) - PARAMETERS))
            raise ConfigurationError(f"model {self.id!r}: there is no parameter {strange}")

    @property
    def listed_as(self) -> str:
        """Return the name that channels and keys list."""
        return self.base or self.id

    @property
    def price_key(self) -> str:
        """Return the key of its prices."""
        return self.tariff or self.listed_as


class Models(ABC):
    """Offers the models of one provider; every dialect reaches them.

    What it is good for, `ChatModels` and `MediaModels` say.

    Attributes:
        provider: The provider whose channels and credentials are used.
    """

    provider: str

    @abstractmethod
    def list(self) -> Iterable[ChatModel]:
        """Return the models that are served now; called often, so it must be quick."""

    def check(self, request: ChatRequest, model: ChatModel) -> None:
        """Refuse what the model cannot do, before anything is held.

        The default refuses functions and JSON that the model does not honour, and kinds of
        input that it does not take.

        Args:
            request: What is asked.
            model: The model.

        Raises:
            BadRequest: It cannot be done; the message names the parameter.
        """
        if request.tools and request.tool_choice.mode != "none" and "tools" not in model.honours:
            field = request.spelt("tools")
            raise BadRequest(f"{field}: {model.id} cannot call functions", field=field)
        if request.json_schema is not None and "json_schema" not in model.honours:
            field = request.spelt("json_schema")
            raise BadRequest(f"{field}: {model.id} cannot be held to JSON", field=field)
        for media in request.media():
            # What only has a URL may be of any type; a model that takes text alone takes none.
            known = bool(media.mime_type)
            if media.kind not in model.takes if known else set(model.takes) == {"text"}:
                what, field = media.mime_type or "images or files", request.spelt("media")
                raise BadRequest(f"{field}: {model.id} takes no {what}", field=field)


class ChatModels(Models):
    """Answers chats with the models of one provider."""

    @abstractmethod
    def answer(
        self, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        """Answer, as the upstream does: an `async def` with `yield`.

        Until the first `TextDelta`, `Media` or `ToolCall`, an `UpstreamError` that is
        `retryable` or did not act leads to another try, with another credential.

        Args:
            request: What is asked.
            model: The model, one of `list()`.
            turn: One credential, for all requests to the upstream.

        Yields:
            What comes, the last being `Finish`.

        Raises:
            CredentialExpired: The credential is not accepted, and needs renewal.
            CredentialRestricted: The credential may not do that.
            QuotaExhausted: The credential's quota is used up.
            BadRequest: The upstream does not take the request.
            UpstreamError: Anything else.
        """
