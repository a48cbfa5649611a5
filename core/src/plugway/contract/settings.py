"""What every table of settings is made of: marks on its types, and a base that shows no secret."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

#: Marks a setting that a running gateway cannot change: `Annotated[str, RESTART]`.
RESTART = msgspec.Meta(extra={"restart": True})

#: Marks a setting that no log, error or list may show: `Annotated[str, SECRET]`.
SECRET = msgspec.Meta(extra={"secret": True})

#: Marks an address whose user and password are secret: lists show the rest of it.
ADDRESS = msgspec.Meta(extra={"secret": True, "address": True})

#: Stands for a secret that is set.
HIDDEN = "…"


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is one table of settings: refuses names it does not know and shows no secret.

    A plugin's own settings may extend it.

    Example:
        >>> class Mine(Table, frozen=True, kw_only=True):
        ...     region: str = "eu"
        ...     token: Annotated[str, SECRET] = ""
        >>> Mine(token="t0")
        Mine(region='eu', token=…)
    """

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown: list[tuple[str, Any]] = []
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            hide = value and marked(field.type, "secret")
            shown.append((field.name, _Hidden() if hide else value))
        return shown

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


class _Hidden:
    def __repr__(self) -> str:
        return HIDDEN


def marked(annotation: Any, mark: str) -> bool:
    """Say whether a field's type carries a mark: "restart", "secret" or "address".

    Args:
        annotation: The type, with its `Annotated`.
        mark: Name of the mark; `ADDRESS` is "secret" too.
    """
    if get_origin(annotation) is not Annotated:
        return False
    metas = (meta for meta in get_args(annotation)[1:] if isinstance(meta, msgspec.Meta))
    return any((meta.extra or {}).get(mark) for meta in metas)


def addresses(table: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names of a table's settings that are marked with `ADDRESS`.

    Args:
        table: The struct.
    """
    fields = msgspec.structs.fields(table)
    return tuple(field.name for field in fields if marked(field.type, "address"))


def masked(annotation: Any, value: Any) -> Any:
    """Return a setting's value without what is secret in it; to mask it again changes nothing.

    Args:
        annotation: Its type; `SECRET` hides it whole.
        value: As it is; the login inside an address is hidden in any case.
    """
    if not isinstance(value, str) or not marked(annotation, "address"):
        if marked(annotation, "secret"):
            return HIDDEN if value else value
        return without_login(value) if isinstance(value, str) else value
    shown = without_login(value)
    # With an @ where no address has one, nobody knows where the login ends.
    strange = "@" in value and f"//{HIDDEN}@" not in shown
    return HIDDEN if strange else shown


def without_login(text: str) -> str:
    """Hide user and password of an address.

    Example:
        >>> without_login("http://me:pass@proxy:3128")
        'http://…@proxy:3128'
    """
    if "@" not in text or "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return HIDDEN
    if "@" not in parts.netloc:
        return text
    return parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}").geturl()
