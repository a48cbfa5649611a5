"""What the page says when something fails, and what that means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plugway import PlugwayError
from plugway_aistudio.page.seen import Seen
from plugway_aistudio.wire.refusal import of_text

#: Parts in which the page says so.
PARTS = ("callout", "toast")

#: Characters of the page's words that are passed on.
_WORDS = 300


def meaning(seen: Mapping[str, Seen | None], *, model: str, now: float) -> PlugwayError | None:
    """Return what the page's notices mean.

    Args:
        seen: The page's parts, `PARTS` among them.
        model: The one that was asked.
        now: Seconds since 1970.

    Returns:
        None: there are no notices.

    Example:
        >>> shown = Seen(at=0, texts=("Failed: user has exceeded quota.",))
        >>> meaning({"callout": shown, "toast": None}, model="m", now=0.0).quota
        'm'
    """
    texts = [text for name in PARTS if (part := seen[name]) is not None for text in part.texts]
    words = said(texts)
    return of_text(words, model=model, now=now) if words else None


def said(texts: Iterable[str]) -> str:
    """Return what notices say, short enough for a message.

    Args:
        texts: Their texts.
    """
    words = " ".join(" ".join(text.split()) for text in texts if text.strip())
    return words[: _WORDS - 1] + "…" if len(words) > _WORDS else words
