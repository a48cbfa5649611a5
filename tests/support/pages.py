"""The project's Markdown pages: their blocks, links, and the commands in them."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import msgspec

from plugway.cli.root import root

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(
    r"(?:^`(?P<name>[^`\n]+)`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.M)
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Is one fenced block.

    Attributes:
        page: Where it is.
        line: Line of its first fence.
        section: Title of the nearest heading above.
        language: What the fence says.
        text: What is in it.
        name: File that the line before names, as in "`pyproject.toml`:"; empty: none.
    """

    page: Path
    line: int
    section: str
    language: str
    text: str
    name: str

    def lines(self) -> list[str]:
        """Return the commands of a shell block, one a line, without comments."""
        joined = self.text.replace("\\\n", " ").splitlines()
        bare = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined)
        return [line for line in bare if line]


def pages() -> list[Path]:
    """Return every page, those of packages and examples included."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


def text_of(page: Path | str) -> str:
    """Return a page's text."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: Path | str, *languages: str) -> list[Block]:
    """Return the blocks of a page, in order.

    Args:
        page: Relative to the root.
        languages: Only these; none: all.
    """
    text = text_of(page)
    headings = [(match.start(), match[1]) for match in _HEADING.finditer(_without_blocks(text))]
    return [
        Block(
            page=Path(page),
            line=text.count("\n", 0, match.start()) + 1,
            section=next((title for at, title in reversed(headings) if at < match.start()), ""),
            language=match["language"],
            text=match["text"],
            name=match["name"] or "",
        )
        for match in _BLOCK.finditer(text)
        if not languages or match["language"] in languages
    ]


def links(page: Path | str) -> list[str]:
    """Return where the links of a page lead."""
    return _LINK.findall(_without_blocks(text_of(page)))


def anchors(page: Path | str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = _HEADING.findall(_without_blocks(text_of(page)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def inline(page: Path | str) -> list[str]:
    """Return the code within the prose of a page."""
    return _CODE.findall(_without_blocks(text_of(page)))


def words(line: str) -> list[str]:
    """Split a command, and leave out the variables set for it."""
    found = shlex.split(line)
    while found and re.match(r"\w+=", found[0]):
        del found[0]
    return found


def command_of(arguments: list[str]) -> tuple[click.Command, list[str]]:
    """Walk from `plugway` down to the command that is named.

    Args:
        arguments: What follows `plugway`.

    Returns:
        The command, and the arguments that are its own.

    Raises:
        UsageError: A command, or an option of a group, that there is not.
    """
    command: click.Command = root
    path = "plugway"
    while isinstance(command, click.Group) and arguments:
        context = click.Context(command, info_name=path)
        _, rest, _ = command.make_parser(context).parse_args(list(arguments))
        if not rest:
            break
        below = command.get_command(context, rest[0])
        if below is None:
            raise click.UsageError(f"{path} has no command {rest[0]}")
        command, path, arguments = below, f"{path} {rest[0]}", rest[1:]
    return command, arguments


def check(arguments: list[str]) -> None:
    """Parse a command line as `plugway` would, short of running it.

    Args:
        arguments: What follows `plugway`.

    Raises:
        ClickException: It is wrong.
    """
    command, own = command_of(arguments)
    with suppress(click.exceptions.Exit):  # --help
        command.make_context(
            command.name, list(own), parent=click.Context(root, **root.context_settings)
        )


def _without_blocks(text: str) -> str:
    """Blank the blocks out; what comes after keeps its place."""
    return _BLOCK.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
