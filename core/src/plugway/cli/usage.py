"""`plugway usage`."""

from __future__ import annotations

import click

from plugway.cli.inputs import moment
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, when

_ROWS = [
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("user", "key", "provider", "model", "channel")),
    *((name.upper(), name) for name in ("status", "credits", "upstream_ms", "ip", "error")),
]
_LINES = [
    *((name.upper(), name) for name in ("name", "calls", "errors", "credits")),
    *((name.upper(), name) for name in ("input_tokens", "output_tokens", "images", "videos")),
    *((name.upper(), name) for name in ("upstream_ms", "overhead_us")),
]
_ADDRESSES = [
    *((name.upper(), name) for name in ("ip", "calls", "errors")),
    ("A MINUTE", "calls_per_minute"),
    *((name.upper(), name) for name in ("input_tokens", "output_tokens", "images", "videos")),
    ("FIRST", when("first_seen")),
    ("LAST", when("last_seen")),
    *((name.upper(), name) for name in ("models", "agents")),
]


@click.group(cls=Branch, invoke_without_command=True)
@click.option(
    "--by",
    type=click.Choice(["day", "model", "user", "key", "channel", "ip"]),
    help="Sum up instead of listing calls.",
)
@click.option("--user", help="Only this user's.")
@click.option("--key", metavar="KEY", help="Only of this key: its id or, with --user, its name.")
@click.option("--provider", help="Only of this provider.")
@click.option("--model", help="Only of this model.")
@click.option("--channel", help="Only through this channel.")
@click.option("--from", "since", metavar="TIME", help="Such as 7d (ago) or 2030-12-31.")
@click.option("--to", "until", metavar="TIME", help="Such as 1d (ago) or 2030-12-31.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.pass_context
def usage(
    context: click.Context,
    by: str | None,
    user: str | None,
    key: str | None,
    provider: str | None,
    model: str | None,
    channel: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List calls, the newest first, or sum them up (without --from the last 30 days)."""
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    query = {
        "user": user,
        "key": key,
        "provider": provider,
        "model": model,
        "channel": channel,
        "from": moment(since, past=True),
        "to": moment(until, past=True),
    }
    with session.connect() as client:
        if by is None:
            show(client.items("usage", limit=limit, **query), _ROWS, as_json=as_json)
        else:
            found = client.get("usage", "summary", by=by, limit=min(limit, 500), **query)
            show(found["items"], _LINES, as_json=as_json)


@usage.command("addresses")
@click.option(
    "--hours", type=click.IntRange(1, 720), default=24, show_default=True, help="How far back."
)
@click.option("--provider", help="Only of this provider.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
@click.pass_obj
def addresses(
    session: Session, hours: int, provider: str | None, limit: int, as_json: bool
) -> None:
    """Sum up calls by the client's address, those with the most first."""
    with session.connect() as client:
        found = client.get("usage", "addresses", hours=hours, limit=limit, provider=provider)
    show(found["items"], _ADDRESSES, as_json=as_json)
