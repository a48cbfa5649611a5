"""Lists of proxies: one a line, or all of that in base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter

import msgspec

from plugway.errors import ConfigurationError
from plugway.upstream.proxies.proxy import Proxy

#: Most proxies of one list.
MOST = 10_000
#: Lines that are looked at: each takes time, and meanwhile nobody else is served.
MOST_LINES = 50_000
#: Lines that are named when they cannot be read.
NAMED = 5

#: What only a program of its own speaks.
_NOT_HERE = frozenset(
    {"vmess", "vless", "ss", "ssr", "trojan", "hysteria", "hysteria2", "hy2", "tuic", "anytls"}
)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]+")
_URL_ALPHABET = str.maketrans("-_", "+/")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Holds what a list gave.

    Attributes:
        proxies: In order, each once.
        skipped: Lines of kinds that are not supported here, by kind.
        wrong: Numbers of the first lines that are no proxy, and why.
        wrong_count: How many there are of them.
    """

    proxies: tuple[Proxy, ...] = ()
    skipped: dict[str, int] = {}
    wrong: tuple[tuple[int, str], ...] = ()
    wrong_count: int = 0

    @property
    def remark(self) -> str | None:
        """Say what of the list is not used; None: nothing. It repeats no line."""
        parts = [f"{count} {kind}" for kind, count in sorted(self.skipped.items())]
        said = [f"not supported here: {', '.join(parts)}"] if parts else []
        said += [f"line {number}: {reason}" for number, reason in self.wrong]
        if self.wrong_count > len(self.wrong):
            said.append(f"{self.wrong_count - len(self.wrong)} more lines are no proxy")
        return "; ".join(said) or None


def read_list(text: str) -> Listing:
    """Return the proxies of a list.

    Comments begin with `#`, at the start of a line or after a space. What comes after very many
    lines counts as no proxy.

    Args:
        text: Plain, or in base64 of either alphabet as a whole.

    Example:
        >>> found = read_list("# mine\\n10.0.0.1:3128\\nvmess://eyJ2IjoiMiJ9\\n")
        >>> found.proxies, found.remark
        ((http://10.0.0.1:3128,), 'not supported here: 1 vmess')
    """
    proxies: dict[Proxy, None] = {}
    skipped: Counter[str] = Counter()
    wrong: list[tuple[int, str]] = []
    lines = _plain(text).splitlines()
    wrong_count = max(0, len(lines) - MOST_LINES)
    for number, line in enumerate(lines[:MOST_LINES], 1):
        entry = _COMMENT.sub("", line).strip()
        scheme = entry.partition("://")[0].lower()
        if not entry:
            continue
        if scheme in _NOT_HERE and "://" in entry:
            skipped[scheme] += 1
            continue
        try:
            if len(proxies) >= MOST:
                raise ConfigurationError(f"there are more than {MOST}")
            proxies[Proxy.parse(entry)] = None
        except ConfigurationError as error:
            wrong_count += 1
            if len(wrong) < NAMED:
                wrong.append((number, error.message.removeprefix("proxy: ")))
    return Listing(
        proxies=tuple(proxies), skipped=dict(skipped), wrong=tuple(wrong), wrong_count=wrong_count
    )


def _plain(text: str) -> str:
    text = text.removeprefix("\ufeff")
    # Every line of a plain list has a colon, which base64 has not.
    if not text.strip() or not _BASE64.fullmatch(text):
        return text
    packed = "".join(text.split()).rstrip("=").translate(_URL_ALPHABET)
    try:
        unpacked = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
        return unpacked.decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError):
        return text
