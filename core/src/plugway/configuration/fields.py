"""What can be set, read from the structs and their docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from plugway.settings import marked

PREFIX = "PLUGWAY__"

_ATTRIBUTE = re.compile(r"    (\w+): (.*)")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """Is one setting.

    Attributes:
        path: Names from the top table to the setting.
        annotation: Its Python type.
        default: Its default; `msgspec.NODEFAULT`: it must be given.
        help: What it sets, one or more sentences.
        restart: A running gateway keeps the old value.
        secret: Its value is never shown.
    """

    path: tuple[str, ...]
    annotation: Any
    default: Any
    help: str
    restart: bool
    secret: bool

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return variable(self.path)

    @property
    def expected(self) -> str:
        """Say which values it takes."""
        return expected(self.annotation)


def variable(path: tuple[str, ...]) -> str:
    """Name the environment variable of a setting."""
    return PREFIX + "__".join(path).upper()


def fields(table: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[Field]:
    """Yield every setting of a table, tables inside it included.

    Args:
        table: The struct.
        path: Where it stands.
    """
    texts = attributes(table)
    for field in msgspec.structs.fields(table):
        here = (*path, field.encode_name)
        inner = struct_of(field.type)
        if inner is not None:
            yield from fields(inner, here)
            continue
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        yield Field(
            path=here,
            annotation=field.type,
            default=default,
            help=texts.get(field.name, ""),
            restart=marked(field.type, "restart"),
            secret=marked(field.type, "secret"),
        )


def struct_of(annotation: Any) -> type[msgspec.Struct] | None:
    """Return the struct when a field is a table of its own."""
    annotation = _unmarked(annotation)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    return None


def _unmarked(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def summary(table: type[msgspec.Struct]) -> str:
    """Return the first sentence of a struct's docstring."""
    return _lines(table)[0] if table.__doc__ else ""


def attributes(table: type[msgspec.Struct]) -> dict[str, str]:
    """Return what the docstrings of a struct and its bases say of each field."""
    found: dict[str, str] = {}
    for one in reversed(table.__mro__):
        if one.__doc__ and issubclass(one, msgspec.Struct):
            found |= _attributes(one)
    return found


def _attributes(table: type[msgspec.Struct]) -> dict[str, str]:
    found: dict[str, str] = {}
    inside, name = False, ""
    for line in _lines(table):
        if not line.startswith(" "):
            inside = line == "Attributes:" or (inside and not line)
        elif inside and (match := _ATTRIBUTE.fullmatch(line)):
            name = match[1]
            found[name] = match[2]
        elif inside and name:
            found[name] += " " + line.strip()
    return found


def _lines(table: type[msgspec.Struct]) -> list[str]:
    return cleandoc(table.__doc__ or "").splitlines()


def expected(annotation: Any) -> str:
    """Say in words which values a type takes.

    Example:
        >>> from typing import Annotated
        >>> expected(Annotated[int, msgspec.Meta(ge=0, le=9)])
        'an integer from 0 to 9'
    """
    # Read from the annotation, because msgspec sorts a literal's values.
    if get_origin(plain := _unmarked(annotation)) is Literal:
        return "one of " + ", ".join(map(str, get_args(plain)))
    return _words(inspect.type_info(annotation))


def core_type(kind: inspect.Type) -> inspect.Type:
    """Return a type without its marks, and without `None` where it may be left out."""
    if isinstance(kind, inspect.Metadata):
        return core_type(kind.type)
    if isinstance(kind, inspect.UnionType):
        rest = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if len(rest) == 1:
            return core_type(rest[0])
    return kind


def _words(kind: inspect.Type) -> str:
    kind = core_type(kind)
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "an integer" + _range(kind)
        case inspect.FloatType():
            return "a number" + _range(kind)
        case inspect.StrType():
            return "a string" + _length(kind)
        case inspect.LiteralType() | inspect.EnumType():
            values = kind.values if isinstance(kind, inspect.LiteralType) else list(kind.cls)
            return "one of " + ", ".join(str(getattr(value, "value", value)) for value in values)
        case inspect.UnionType():
            return " or ".join(_words(one) for one in kind.types)
        case inspect.DictType():
            return "a table of " + _plural(kind.value_type)
        case inspect.StructType():
            return "a table"
        case inspect.AnyType():
            return "a value"
    item = getattr(kind, "item_type", None)
    return "a list of " + _plural(item) if item is not None else "a value of its type"


def _plural(kind: inspect.Type) -> str:
    word = _words(kind).split(" ")
    return word[1] + "s" if word[0] in ("a", "an") else "values"


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    low, high = (kind.ge, kind.gt), (kind.le, kind.lt)
    if low[0] is not None and high[0] is not None:
        return f" from {low[0]:.15g} to {high[0]:.15g}"
    words = []
    if low[0] is not None:
        words.append(f"of {low[0]:.15g} or more")
    if low[1] is not None:
        words.append(f"above {low[1]:.15g}")
    if high[0] is not None:
        words.append(f"at most {high[0]:.15g}")
    if high[1] is not None:
        words.append(f"below {high[1]:.15g}")
    return " " + ", ".join(words) if words else ""


def _length(kind: inspect.StrType) -> str:
    words = []
    if kind.min_length is not None:
        words.append(f"of at least {kind.min_length} characters")
    if kind.max_length is not None:
        words.append(f"of at most {kind.max_length} characters")
    if kind.pattern is not None:
        words.append(f"that matches {kind.pattern}")
    return " " + ", ".join(words) if words else ""
