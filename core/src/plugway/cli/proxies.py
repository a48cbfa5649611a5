"""`plugway proxies`."""

from __future__ import annotations

import click

from plugway.cli.inputs import secret
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_json, show_one

_COLUMNS = [
    *((name.upper(), name) for name in ("name", "url", "source", "state")),
    ("LATENCY MS", "latency_ms"),
    *((name.upper(), name) for name in ("failures", "in_use")),
    ("NEXT CHECK S", "next_check"),
    ("ERROR", "error"),
]


@click.group(cls=Branch)
def proxies() -> None:
    """The pool of proxies, for channels whose proxy is `pool`."""


@proxies.command("list")
@json_option
@click.pass_obj
def listed(session: Session, as_json: bool) -> None:
    """List the pool as the answering process sees it; without --url, that is this command."""
    with session.connect() as client:
        pool = client.get("proxies")
    if as_json:
        show_json(pool)
        return
    show(pool["items"], _COLUMNS, as_json=False)
    for source in pool["sources"]:
        for said in (source["fault"], source["remark"]):
            if said is not None:
                click.echo(f"{source['name']}: {said}", err=True)


@proxies.command("add")
@click.argument("written", nargs=-1, required=True, metavar="PROXY...")
@json_option
@click.pass_obj
def add(session: Session, written: tuple[str, ...], as_json: bool) -> None:
    """Add proxies, such as socks5://user:pass@host:1080; -: one from stdin."""
    with session.connect() as client:
        answer = client.post("proxies", body={"proxies": [secret(text) for text in written]})
    show_one(answer, as_json=as_json)


@proxies.command("test")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--proxy", metavar="PROXY", help="One that need not be in the pool. -: from stdin.")
@json_option
@click.pass_context
def test(context: click.Context, names: tuple[str, ...], proxy: str | None, as_json: bool) -> None:
    """Send a request through proxies; without a NAME, through all of the pool."""
    session: Session = context.obj
    body = {"names": list(names), "proxy": None if proxy is None else secret(proxy)}
    with session.connect() as client:
        tested = client.post("proxies", "test", body=body)["items"]
    if as_json:
        show_json(tested)
    for one in () if as_json else tested:
        result = f"{one['latency_ms']} ms  ok" if one["ok"] else f"fail  {one['error']}"
        click.echo(f"{one['name']}  {result}")
    if not all(one["ok"] for one in tested):
        context.exit(1)


@proxies.command("reload")
@json_option
@click.pass_obj
def reload(session: Session, as_json: bool) -> None:
    """Read settings, files and subscriptions anew."""
    with session.connect() as client:
        pool = client.post("proxies", "reload")
    if as_json:
        show_json(pool)
        return
    columns = [(name.upper(), name) for name in ("name", "proxies", "fault", "remark")]
    show(pool["sources"], columns, as_json=False)
