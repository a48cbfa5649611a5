"""Makes the requests that pages show as `curl` commands, without curl."""

from __future__ import annotations

import argparse
import json
import mimetypes
import shlex
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import aiohttp
import msgspec
import yarl


class Answered(msgspec.Struct, frozen=True):
    """Is what came back.

    Attributes:
        status: HTTP status.
        headers: Its headers, names in lower case.
        text: Its body.
    """

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.text)


async def curl(line: str, variables: Mapping[str, str]) -> Answered:
    """Make the request of one command.

    Args:
        line: As a page shows it, on one line.
        variables: Values of the shell variables in it.

    Raises:
        KeyError: A variable has no value.
        SystemExit: An option that no page has used yet.
    """
    given = _parser().parse_args(shlex.split(Template(line).substitute(variables))[1:])
    headers = [tuple(header.split(": ", 1)) for header in given.header]
    data: Any = given.data
    if given.form:
        data = _form(given.form)
    method = given.request or ("GET" if data is None else "POST")
    url = yarl.URL(given.url, encoded=True)
    async with aiohttp.request(method, url, headers=headers, data=data) as response:
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answered(response.status, found, await response.text(errors="replace"))


def _form(pairs: list[str]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form._is_multipart = True  # noqa: SLF001  # curl's -F always is, aiohttp's with files only
    for pair in pairs:
        name, _, value = pair.partition("=")
        if value.startswith("@"):
            file = Path(value[1:])
            type_ = mimetypes.guess_type(file.name)[0]
            form.add_field(name, file.read_bytes(), filename=file.name, content_type=type_)
        else:
            form.add_field(name, value)
    return form


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-H", dest="header", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("-F", dest="form", action="append", default=[])
    parser.add_argument("-X", dest="request")
    # What is fetched is handed back, not written, and always comes when all of it is there.
    parser.add_argument("-o", dest="out")
    parser.add_argument("-N", dest="unbuffered", action="store_true")
    return parser
