"""`plugway ledger`."""

from __future__ import annotations

import click

from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import Column, json_option, show, show_json, show_one, when

_ENTRIES: list[Column] = [
    ("ID", "id"),
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("user", "key", "kind")),
    ("BALANCE ±", "delta_balance"),
    ("HELD ±", "delta_held"),
    *((name.upper(), name) for name in ("balance", "actor", "reason", "call_id")),
]
_HOLDS: list[Column] = [
    ("TIME", when("created_at")),
    *((name.upper(), name) for name in ("call_id", "user", "amount", "state")),
    ("SETTLED", "settled_amount"),
    *((name.upper(), name) for name in ("refunded", "shortfall")),
]


@click.group(cls=Branch)
def ledger() -> None:
    """Entries, holds, refunds, and the proof that they add up."""


@ledger.command("verify")
@json_option
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Check every invariant; exit 0 only if all hold."""
    session: Session = context.obj
    with session.connect() as client:
        report = client.post("ledger", "verify")
    if as_json:
        show_json(report)
    else:
        for problem in report["problems"]:
            click.echo(problem)
        counts = ", ".join(f"{report[name]} {name}" for name in ("accounts", "holds", "entries"))
        click.echo(f"{'ok' if report['ok'] else 'WRONG'}: {counts}")
    if not report["ok"]:
        context.exit(1)


@ledger.command("entries")
@click.option("--user", help="Only this user's account, with its running balance.")
@click.option(
    "--key",
    metavar="KEY",
    help="The account of this key's quota: its id or, with --user, its name.",
)
@click.option("--call", "call_id", metavar="ID", help="Only of this call.")
@click.option(
    "--kind", type=click.Choice(["credit", "adjust", "reserve", "settle", "release", "refund"])
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.pass_obj
def entries(
    session: Session,
    user: str | None,
    key: str | None,
    call_id: str | None,
    kind: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List entries, the newest first."""
    query = {"user": user, "key": key, "call_id": call_id, "kind": kind}
    with session.connect() as client:
        show(client.items("ledger", "entries", limit=limit, **query), _ENTRIES, as_json=as_json)


@ledger.command("holds")
@click.option("--user", help="Only this user's.")
@click.option("--state", type=click.Choice(["open", "settled", "released"]))
@click.option("--call", "call_id", metavar="ID", help="Only of this call.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.pass_obj
def holds(
    session: Session,
    user: str | None,
    state: str | None,
    call_id: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List holds, the newest first."""
    query = {"user": user, "state": state, "call_id": call_id}
    with session.connect() as client:
        show(client.items("ledger", "holds", limit=limit, **query), _HOLDS, as_json=as_json)


@ledger.command("refund")
@click.argument("call_id")
@click.argument("credits_", metavar="CREDITS", type=int)
@click.option("--reason", required=True, help="Why; it is kept in the ledger.")
@click.option("--idempotency-key", metavar="KEY", help="A repeat with the same one does nothing.")
@json_option
@click.pass_obj
def refund(
    session: Session,
    call_id: str,
    credits_: int,
    reason: str,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Give CREDITS of a settled call back."""
    body = {"call_id": call_id, "credits": credits_, "reason": reason}
    if idempotency_key is not None:
        body["idempotency_key"] = idempotency_key
    with session.connect() as client:
        show_one(client.post("ledger", "refund", body=body), as_json=as_json)
