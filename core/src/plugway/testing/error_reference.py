"""The reference page of errors, written from their classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType

import plugway
from plugway import errors
from plugway.calls import body
from plugway.credentials import kinds, vault
from plugway.errors import ClientError, ConfigurationError, PlugwayError, Unavailable, UpstreamError
from plugway.server import refusals

_PAGE = """\
# Errors

<!-- Written by `python -m plugway.testing.reference docs/reference`. -->

An error that the gateway itself answers has the shape of the surface that was called.
The gateway's own shape, which a plugin without one of its own has too, is

```json
{{"error": {{"code": "not_found", "message": "There is nothing here.", "request_id": "01a1fe10"}}}}
```

with a `field` beside the code where one input is at fault, and a `retry-after` header where
another try makes sense after some seconds.
The message is for people and may change; the code and the status do not.
What an upstream answers, errors included, passes as it is and is none of these.

`x-request-id` is on every answer, and on every log line that a request caused.
[Troubleshooting](../how-to/operate.md#troubleshooting) has the cause and the remedy of each code.

A plugin raises the classes marked *public*, imported from `plugway`, and may derive its own from
them: `status` and `code` are class variables, and the docstring's first paragraph is the message
unless another one is given.
`NotAuthenticated` has a `reason` beside, for surfaces whose official errors tell it: `absent`,
`malformed`, `unknown`, `early` or `late`; the last two only for a token whose signature is right.

{families}
"""

#: Modules that define errors, besides `plugway.errors`.
_MODULES: tuple[ModuleType, ...] = (errors, refusals, body, kinds, vault)

#: Families by their root, each with what is said of it; an error is in the first that fits.
_FAMILIES: tuple[tuple[type[PlugwayError], str, str], ...] = (
    (
        ClientError,
        "The client's fault",
        "The request is not acceptable as it is; a call that ends so costs nothing.",
    ),
    (
        UpstreamError,
        "The upstream's fault",
        "No usable answer came, or none at all.\n"
        "Where the class is *retryable* and the upstream cannot have begun, another channel has "
        "been asked before.",
    ),
    (
        ConfigurationError,
        "The operator's fault",
        "The command line prints it in one line on standard error and exits with 2.",
    ),
    (Unavailable, "For now", "The same request may do later."),
    (PlugwayError, "The gateway's fault, and the rest", "These have no family."),
)


def reference() -> str:
    """Write the page."""
    left = list(classes())
    parts = []
    for root, title, text in _FAMILIES:
        members = [error for error in left if issubclass(error, root)]
        left = [error for error in left if error not in members]
        parts.append("\n".join([f"## {title}", "", text, "", *_table(members)]))
    return _PAGE.format(families="\n\n".join(parts))


def classes() -> Iterator[type[PlugwayError]]:
    """Yield every class of error that the core defines, in the order of the source.

    Example:
        >>> [error.__name__ for error in classes()][:3]
        ['PlugwayError', 'ClientError', 'BadRequest']
    """
    for module in _MODULES:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, PlugwayError)
                and value.__module__ == module.__name__
            ):
                yield value


def _table(members: Iterable[type[PlugwayError]]) -> list[str]:
    rows = ["| code | status | class | message unless it says more |", "|---|---|---|---|"]
    for error in members:
        marks = ["public"] if getattr(plugway, error.__name__, None) is error else []
        marks += ["retryable"] if getattr(error, "retryable", False) else []
        name = f"`{error.__name__}`" + (f", *{', '.join(marks)}*" if marks else "")
        rows.append(f"| `{error.code}` | {error.status} | {name} | {error().message} |")
    return rows
