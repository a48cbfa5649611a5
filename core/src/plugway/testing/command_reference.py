"""The reference page of the command line, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from plugway.cli.options import gateway_options
from plugway.cli.root import COMMANDS, MISCONFIGURED, root

_PAGE = f"""\
# Command line

<!-- Written by `python -m plugway.testing.reference docs/reference`. -->

A command works on the gateway in a home directory, in its own process and with an administrator's
rights, whether that gateway serves at the moment or not; or, given an address and a key, on a
gateway elsewhere.
Options on the command line win over the environment, and in the environment an address wins over
a home directory.

These options come before a command's name or after it:

{{common}}

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | it failed, or what was checked is not as it should be; one line on standard error says why |
| {MISCONFIGURED} | the command line or the configuration is wrong |

Tables are for people; `--json` prints what the HTTP API answers, and nothing else on standard
output.
A secret given as `-` is read from standard input, and asked for without an echo on a terminal.
What is deleted is asked about on a terminal only, and not with `--yes`.

{{contents}}
"""

#: Said once for all commands.
_COMMON = frozenset(str(option.name) for option in gateway_options())


def reference() -> str:
    """Write the page."""
    common = ["| option | meaning |", "|---|---|"]
    common += [_row(option) for option in gateway_options(root=True) if _shown(option)]
    contents = ["| command | does |", "|---|---|"]
    contents += [
        f"| [`plugway {name}`](#plugway-{name}) | {text} |" for name, (_, text) in COMMANDS.items()
    ]
    parts = [_PAGE.format(common="\n".join(common), contents="\n".join(contents))]
    for path, command in commands():
        parts.append(_part(path, command))
    return "\n".join(parts)


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command of the core with the words that call it, `plugway` left out.

    Example:
        >>> [" ".join(path) for path, _ in commands()][:2]
        ['init', 'serve']
    """
    context = click.Context(root, **root.context_settings)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None  # noqa: S101  # it was listed
        yield from _with_those_below((name,), command)


def _with_those_below(
    path: tuple[str, ...], command: click.Command
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield from _with_those_below((*path, name), below)


def _part(path: tuple[str, ...], command: click.Command) -> str:
    words = " ".join(("plugway", *path))
    context = click.Context(command, info_name=words)
    pieces = " ".join(command.collect_usage_pieces(context))
    lines = [f"{'#' * (1 + len(path))} {words}", "", _help(command), ""]
    lines += ["```text", f"{words} {pieces}", "```", ""]
    own = [
        param
        for param in command.params
        if isinstance(param, click.Option) and param.name not in _COMMON and _shown(param)
    ]
    if own:
        lines += ["| option | meaning |", "|---|---|", *map(_row, own), ""]
    place = _place({param.name for param in command.params})
    return "\n".join([*lines, place, ""] if place else lines)


def _place(names: set[str | None]) -> str:
    if "home" not in names:
        return "It looks at no gateway, and takes none of the common options."
    return "" if "url" in names else "On this machine only: it takes no `--url`."


def _shown(option: click.Parameter) -> bool:
    return isinstance(option, click.Option) and not option.hidden


def _row(option: click.Parameter) -> str:
    assert isinstance(option, click.Option)  # noqa: S101  # arguments are in the usage line
    names = ", ".join((*option.opts, *option.secondary_opts))
    takes = "" if option.is_flag else f" {_takes(option)}"
    meaning = [option.help or ""]
    if isinstance(option.type, click.Choice):
        meaning.append(f"One of {', '.join(f'`{one}`' for one in option.type.choices)}.")
    if option.required:
        meaning.append("Required.")
    if option.show_default:
        meaning.append(f"Default: `{option.default}`.")
    text = " ".join(filter(None, meaning)).replace("|", "\\|")
    return f"| `{names}{takes}` | {text} |"


def _takes(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    names = {click.types.IntParamType: "NUMBER", click.Choice: "WORD", click.Path: "FILE"}
    return next((name for type_, name in names.items() if isinstance(option.type, type_)), "TEXT")


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\n\n", "\n").strip()
