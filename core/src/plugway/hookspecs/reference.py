"""The hook reference, written from the specifications: `python -m plugway.hookspecs.reference`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable

import msgspec

from plugway import hookspecs
from plugway.hookspecs import STAGES, specifications

#: What each hook says of itself, in this order.
FACTS = ("Called", "Results", "Order", "Errors")

_INTRODUCTION = """\
# Hooks

<!-- Written by `python -m plugway.hookspecs.reference > docs/reference/hooks.md`. -->

A plugin is a distribution with an entry point of the group `plugway`. The entry point's name is
the plugin's name, a lower-case identifier; it points to a module or an object whose functions are
marked with `@hookimpl`:

```toml
[project.entry-points.plugway]
echo = "plugway_echo"
```

{rules}

A plugin imports `plugway` and, in its tests and its emulator, `plugway.testing`, and nothing else
of the core. It may declare the version of the contract it is written for, which is this one:

```python
plugway_contract = {version}
```

What only annotates, such as `Gateway`, `Request` and `Upstream`, is imported under
`TYPE_CHECKING`: at run time it would bring the whole core along.

What is left out, and why, is in the log, in `plugway plugins` and, for administrators, on
`/readyz`. With `plugins.strict` in the settings the gateway refuses to start instead.
`plugins.allow` and `plugins.block` keep a plugin from being imported at all.

{table}
"""


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """Is one hook as the reference shows it.

    Attributes:
        name: Its name.
        arguments: Names of its arguments.
        signature: As in the source.
        returns: What it returns, as in the source.
        summary: One line.
        text: More about it.
        facts: What each of `FACTS` says.
        sections: What `Args`, `Returns` and `Example` say.
    """

    name: str
    arguments: tuple[str, ...]
    signature: str
    returns: str
    summary: str
    text: str
    facts: dict[str, str]
    sections: dict[str, str]

    @property
    def example(self) -> str:
        """Return the example's source."""
        found = re.fullmatch(r"```python\n(.*)```", self.sections["Example"], re.DOTALL)
        if found is None:
            raise ValueError(f"the example of {self.name} is not one fenced block")
        return found[1]


def hooks() -> dict[str, Hook]:
    """Read the specifications.

    Returns:
        Hooks by name, in the order of the source.
    """
    return {name: _read(name, function) for name, function in specifications().items()}


def reference() -> str:
    """Write the page."""
    known = hooks()
    rules = (inspect.getdoc(hookspecs) or "").partition("\n\n")[2]
    rows = ["| hook | returns |", "|---|---|"]
    parts = []
    for stage in STAGES:
        title, _, text = (inspect.getdoc(stage) or "").partition("\n\n")
        parts.append(f"## {title.rstrip('.')}\n\n{text}\n")
        for hook in (known[name] for name in vars(stage) if name in known):
            anchor = re.sub(r"[^a-z_ ]", "", _heading(hook)).replace(" ", "-")
            rows.append(f"| [`{hook.name}`](#{anchor}) | {_cell(f'`{hook.returns}`')} |")
            parts.append(_part(hook))
    introduction = _INTRODUCTION.format(
        rules=rules, version=hookspecs.CONTRACT_VERSION, table="\n".join(rows)
    )
    return "\n".join([introduction, *parts])


def _part(hook: Hook) -> str:
    lines = [f"### {_heading(hook)}", "", "```python", hook.signature, "```", "", hook.summary]
    if hook.text:
        lines += ["", hook.text]
    lines += ["", "| | |", "|---|---|"]
    lines += [f"| **{fact}** | {_cell(hook.facts[fact])} |" for fact in FACTS]
    if "Args" in hook.sections:
        entries = re.split(r"\n(?=\w+:)", hook.sections["Args"])
        pairs = [entry.partition(":") for entry in entries]
        lines += ["", "Arguments, any subset of which may be taken:", ""]
        lines += [f"- `{name}`: {_joined(text)}" for name, _, text in pairs]
    if "Returns" in hook.sections:
        lines += ["", f"Returns: {_joined(hook.sections['Returns'])}"]
    return "\n".join([*lines, "", "```python", hook.example.rstrip(), "```", ""])


def _heading(hook: Hook) -> str:
    return f"{hook.name}({', '.join(hook.arguments)})"


def _read(name: str, function: Callable[..., object]) -> Hook:
    signature = inspect.signature(function)
    colour = "async def" if inspect.iscoroutinefunction(function) else "def"
    summary, _, rest = (inspect.getdoc(function) or "").partition("\n\n")
    parts = _parts(rest)
    return Hook(
        name=name,
        arguments=tuple(signature.parameters),
        signature=f"{colour} {name}{signature}".replace("'", ""),
        returns=str(signature.return_annotation),
        summary=summary,
        text=parts.pop("", ""),
        facts={fact: _joined(parts.pop(fact, "")) for fact in FACTS},
        sections=parts,
    )


def _parts(text: str) -> dict[str, str]:
    """Split a docstring at its titles; what comes before the first has none."""
    parts: dict[str, list[str]] = {"": []}
    title = ""
    for line in text.splitlines():
        found = re.match(r"([A-Z]\w+):(?: (.*))?$", line)
        if found is not None:
            title = found[1]
            parts[title] = [found[2] or ""]
        else:
            parts[title].append(line)
    return {name: inspect.cleandoc("\n".join(lines)).strip() for name, lines in parts.items()}


def _joined(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
