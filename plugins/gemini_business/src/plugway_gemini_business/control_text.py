"""Control lines that leak into the upstream's texts, taken out (reference: "Streaming answer")."""

from __future__ import annotations

import re

_MARK = re.compile(r"<ctrl([0-9]{1,4})>")

#: Begins a line that is all control text, such as `<ctrl46>Image size: 1024x1024`; other marks
#: stand alone.
_LINE = "46"

#: What may be the beginning of one.
_BEGINNING = re.compile(r"<(c(t(r(l[0-9]{0,4})?)?)?)?\Z")


class ControlText:
    """Takes control lines out of a text that comes in pieces.

    Example:
        >>> text = ControlText()
        >>> text.push("Here it is.\\n<ct") + text.push("rl46>Image size: big\\nEnd") + text.rest()
        'Here it is.\\nEnd'
    """

    def __init__(self) -> None:
        #: May be the beginning of a mark.
        self._held = ""
        self._skipping = False
        #: The last character that was passed on; a new text begins a line.
        self._last = "\n"

    def push(self, text: str) -> str:
        """Take a piece and return what is certain to be text.

        Args:
            text: The next piece.
        """
        text = self._held + text
        self._held = ""
        kept: list[str] = []
        while text:
            match = _MARK.search(text)
            newline = text.find("\n") if self._skipping else -1
            if newline >= 0 and (match is None or newline < match.start()):
                self._skipping = False
                text = text[newline + 1 :]
                if self._end(kept) != "\n":
                    # The mark stood behind text, whose line ends here.
                    kept.append("\n")
                continue
            if match is None:
                beginning = _BEGINNING.search(text)
                if beginning is not None:
                    self._held = text[beginning.start() :]
                    text = text[: beginning.start()]
                if not self._skipping:
                    kept.append(text)
                break
            if not self._skipping:
                kept.append(text[: match.start()])
            # A mark in such a line ends it.
            self._skipping = not self._skipping and match[1] == _LINE
            text = text[match.end() :]
        self._last = self._end(kept)
        return "".join(kept)

    def rest(self) -> str:
        """Return what was held back, when the text has ended."""
        held, self._held = self._held, ""
        return "" if self._skipping else held

    def _end(self, kept: list[str]) -> str:
        return next((piece[-1] for piece in reversed(kept) if piece), self._last)
