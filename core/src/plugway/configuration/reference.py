"""The reference page of the core's settings, made of the structs and their docstrings."""

from __future__ import annotations

import sys

from plugway.configuration.conversion import dotted
from plugway.configuration.fields import Field, summary
from plugway.configuration.source import LEGACY
from plugway.configuration.template import literal, own, tables

_PAGE = """\
# Settings

<!-- Made by `python -m plugway.configuration.reference`; change plugway/settings.py instead. -->

The gateway reads `plugway.toml` in its home directory, or `plugway.json` with the same names.
`plugway init` writes one with every default in it. Where a setting is given more than once,
the first of these counts:

1. the variable in its row below, such as `PLUGWAY__SERVER__PORT=8080`;
2. the old name in the table at the end of this page;
3. the file;
4. the default.

A list in a variable is written `a, b` or as JSON, a table as JSON; an empty variable counts as
not set. A plugin's settings are in `[plugins.<name>]`, or in `PLUGWAY__PLUGINS__<NAME>__…`.

A name that is not known, a value of another type and one out of its range are refused, by name.
A running gateway looks at the file every second and takes over what changed, all of it or,
where anything is wrong, nothing: it keeps the settings it has and logs why. Settings marked
*at restart* keep their value until then.
"""


def reference() -> str:
    """Write the reference page of the core's settings, as Markdown."""
    parts = [_PAGE]
    for path, table in tables({}):
        parts.append(f"## `[{dotted(path)}]`\n\n{summary(table)}\n")
        parts.append("| name | value | default | meaning | variable |\n|---|---|---|---|---|")
        parts.extend(_row(field) for field in own(table, path))
        parts.append("")
    parts.append("## Old names\n\n| variable | setting |\n|---|---|")
    parts.extend(f"| `{name}` | `{dotted(path)}` |" for name, path in LEGACY.items())
    return "\n".join(parts) + "\n"


def _row(field: Field) -> str:
    default = "not set" if field.default is None else f"`{literal(field.default)}`"
    meaning = field.help + (" *At restart.*" if field.restart else "")
    cells = (f"`{field.path[-1]}`", field.expected, default, meaning, f"`{field.variable}`")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
