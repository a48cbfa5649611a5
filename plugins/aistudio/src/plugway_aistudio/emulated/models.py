"""The models of the emulated service, and their rows in its list."""

from __future__ import annotations

from typing import Any

import msgspec

#: Capability codes of index 64 (reference: "Shapes").
CODE, FUNCTIONS, SEARCH, BROWSE, THINKING, BUDGET, LEVEL = 9, 10, 12, 13, 25, 35, 52

#: Codes of the thinking levels of index 71, in the order of the page's list.
LEVELS = {"minimal": 4, "low": 1, "medium": 2, "high": 3}

_TOOLS = (CODE, FUNCTIONS, SEARCH, BROWSE)
_ROW = 78


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Is one model.

    Attributes:
        id: Without `models/`.
        title: As the page shows it.
        description: One sentence.
        input_limit: Most tokens of a question.
        output_limit: Most tokens of an answer.
        methods: What it can be asked for.
        temperature: Where nothing else is set.
        top_p: Where nothing else is set.
        top_k: Where nothing else is set.
        codes: Its capabilities.
        levels: Of thinking, by name, where it has them.
        paid: Only with a key that is paid for.
        images: It answers with images.
    """

    id: str
    title: str
    description: str
    input_limit: int = 1_048_576
    output_limit: int = 65_536
    methods: tuple[str, ...] = ("generateContent", "countTokens")
    temperature: float = 1.0
    top_p: float = 0.95
    top_k: int = 64
    codes: tuple[int, ...] = _TOOLS
    levels: tuple[str, ...] = ()
    paid: bool = False
    images: bool = False

    def row(self) -> list[Any]:
        """Return its row (reference: "Shapes", row indices)."""
        row: list[Any] = [None] * _ROW
        row[0] = f"models/{self.id}"
        row[3] = self.title
        row[4] = self.description
        row[5] = self.input_limit
        row[6] = self.output_limit
        row[7] = list(self.methods)
        row[8] = self.temperature
        row[9] = self.top_p
        row[10] = self.top_k
        row[64] = list(self.codes)
        row[71] = [LEVELS[name] for name in self.levels] or None
        row[77] = True if self.paid else None
        return row


#: What it has; the first is the page's own choice.
MODELS = (
    Model(
        id="gemini-2.5-flash",
        title="Gemini 2.5 Flash",
        description="Fast, and thinks as much as it is told.",
        codes=(*_TOOLS, THINKING, BUDGET),
    ),
    Model(
        id="gemini-2.5-pro",
        title="Gemini 2.5 Pro",
        description="Thinks always.",
        codes=(*_TOOLS, BUDGET),
    ),
    Model(
        id="gemini-3-pro-preview",
        title="Gemini 3 Pro Preview",
        description="Thinks by levels, of which it has two.",
        codes=(*_TOOLS, LEVEL),
        levels=("low", "high"),
    ),
    Model(
        id="gemini-3-flash-preview",
        title="Gemini 3 Flash Preview",
        description="Thinks by levels, of which it has four.",
        codes=(*_TOOLS, LEVEL),
        levels=("minimal", "low", "medium", "high"),
    ),
    Model(
        id="gemini-flash-latest",
        title="Gemini Flash Latest",
        description="The newest of its kind.",
        codes=(*_TOOLS, THINKING, BUDGET),
    ),
    Model(
        id="gemini-2.5-flash-image",
        title="Nano Banana",
        description="Draws.",
        input_limit=32_768,
        output_limit=32_768,
        codes=(),
        images=True,
    ),
    Model(
        id="gemma-3-27b-it",
        title="Gemma 3 27B",
        description="Open, and without tools or thinking.",
        input_limit=131_072,
        output_limit=8_192,
        codes=(),
    ),
    Model(
        id="gemini-3-ultra",
        title="Gemini 3 Ultra",
        description="Only with a key that is paid for.",
        codes=(*_TOOLS, LEVEL),
        levels=("low", "high"),
        paid=True,
    ),
    Model(
        id="veo-3.0-generate",
        title="Veo 3",
        description="Makes videos, and does not chat.",
        methods=("predictLongRunning",),
        codes=(),
        paid=True,
    ),
)


def listing(models: tuple[Model, ...]) -> list[Any]:
    """Return the body of ListModels.

    Args:
        models: In the order of the list.
    """
    return [[model.row() for model in models]]
