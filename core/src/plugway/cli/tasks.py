"""`plugway tasks`."""

from __future__ import annotations

from typing import Any

import click

from plugway.cli.inputs import moment
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import Column, json_option, show, show_json, show_one, when

_STATES = (
    *("open", "ended", "pending", "unknown", "submitted", "processing"),
    *("succeed", "failed", "expired"),
)

_ROWS: list[Column] = [
    ("ID", "id"),
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("user", "provider", "kind", "model", "channel", "state")),
    ("%", "progress"),
    ("PRICE", "price"),
    ("UPSTREAM ID", "upstream_id"),
    ("NEXT POLL", when("next_poll_at")),
    ("FAILURES", "failures"),
    ("REASON", "reason"),
]
_ENTRIES: list[Column] = [
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("user", "key", "kind")),
    ("BALANCE ±", "delta_balance"),
    ("HELD ±", "delta_held"),
    *((name.upper(), name) for name in ("actor", "reason")),
]
_RECEIPTS: list[Column] = [
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("verified", "body")),
]
_CALLBACKS: list[Column] = [
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("url", "state", "tries", "status", "reason")),
    ("NEXT TRY", when("next_try_at")),
]
#: Lists in a task: each is a table of its own.
_TABLES = {"entries": _ENTRIES, "receipts": _RECEIPTS, "callbacks": _CALLBACKS}

_LINES: list[Column] = [
    *((name.upper(), name) for name in ("provider", "channel", "kind")),
    *(
        (name.upper(), name)
        for name in ("tasks", "open", "succeed", "failed", "expired", "refused")
    ),
    ("SUCCESS", lambda line: _percent(line["success_rate"])),
    ("MEDIAN SECONDS", "median_seconds"),
]

_task = click.argument("task", metavar="TASK")


@click.group(cls=Branch)
def tasks() -> None:
    """Upstream jobs that outlive their call.

    A TASK is named by its number, by its call's id, or by the upstream's id for it.
    """


@tasks.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only those in it; open: not ended.")
@click.option("--provider", help="Only of this provider.")
@click.option("--kind", help="Only of this kind; the provider's word.")
@click.option("--user", help="Only this user's.")
@click.option("--channel", help="Only through this channel.")
@click.option("--id", "text", metavar="ID", help="Only those that have this id, whoever gave it.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.pass_obj
def listed(
    session: Session,
    state: str | None,
    provider: str | None,
    kind: str | None,
    user: str | None,
    channel: str | None,
    text: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List tasks, the newest first."""
    query = {
        "state": state,
        "provider": provider,
        "kind": kind,
        "user": user,
        "channel": channel,
        "id": text,
    }
    with session.connect() as client:
        show(client.items("tasks", limit=limit, **query), _ROWS, as_json=as_json)


@tasks.command("show")
@_task
@json_option
@click.pass_obj
def shown(session: Session, task: str, as_json: bool) -> None:
    """Show all of a task: request, answer, credits, callbacks in and out."""
    with session.connect() as client:
        found = client.get("tasks", task)
    if as_json:
        show_json(found)
        return
    show_one({name: one for name, one in found.items() if name not in _TABLES}, as_json=False)
    for name, columns in _TABLES.items():
        if found[name]:
            click.echo(f"\n{name}:")
            show(found[name], columns, as_json=False)


@tasks.command("poll")
@_task
@json_option
@click.pass_obj
def poll(session: Session, task: str, as_json: bool) -> None:
    """Ask the upstream for a task now."""
    with session.connect() as client:
        show_one(client.post("tasks", task, "poll"), as_json=as_json)


@tasks.command("recheck")
@_task
@json_option
@click.pass_obj
def recheck(session: Session, task: str, as_json: bool) -> None:
    """Ask the upstream for a task that failed or expired; nothing changes."""
    with session.connect() as client:
        show_one(client.post("tasks", task, "recheck"), as_json=as_json)


@tasks.command("resend")
@_task
@json_option
@click.pass_obj
def resend(session: Session, task: str, as_json: bool) -> None:
    """Send all callbacks of a task to its client again."""
    with session.connect() as client:
        show_one(client.post("tasks", task, "resend"), as_json=as_json)


@tasks.command("refund")
@_task
@click.argument("credits_", metavar="CREDITS", type=int)
@click.option("--reason", required=True, help="Why; it is kept in the ledger.")
@click.option("--idempotency-key", metavar="KEY", help="A repeat with the same one does nothing.")
@json_option
@click.pass_obj
def refund(
    session: Session,
    task: str,
    credits_: int,
    reason: str,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Give CREDITS of a task that succeeded back."""
    body: dict[str, Any] = {"credits": credits_, "reason": reason}
    if idempotency_key is not None:
        body["idempotency_key"] = idempotency_key
    with session.connect() as client:
        show_one(client.post("tasks", task, "refund", body=body), as_json=as_json)


@tasks.command("statistics")
@click.option("--from", "since", metavar="TIME", help="Such as 7d (ago) or 2030-12-31.")
@click.option("--to", "until", metavar="TIME", help="Such as 1d (ago) or 2030-12-31.")
@json_option
@click.pass_obj
def statistics(session: Session, since: str | None, until: str | None, as_json: bool) -> None:
    """Sum tasks up by channel and kind (without --from those of the last day)."""
    query = {"from": moment(since, past=True), "to": moment(until, past=True)}
    with session.connect() as client:
        found = client.get("tasks", "statistics", **query)
    if as_json:
        show_json(found)
        return
    show(found["items"], _LINES, as_json=False)
    if not found["complete"]:
        click.echo(f"only the newest {found['tasks']} tasks are in it", err=True)


def _percent(rate: float | None) -> str | None:
    return None if rate is None else f"{rate:.1%}"
