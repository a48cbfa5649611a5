"""Which credentials a command is for: those named, or all that a choice finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from plugway.cli.client import ApiError, Client
from plugway.cli.inputs import confirm, yes_option
from plugway.cli.session import Session
from plugway.cli.table import Column, show, when

STATES = (
    *("ready", "in_use", "cooling", "half_open"),
    *("expired", "restricted", "disabled", "quarantined"),
)

#: How credentials are listed.
COLUMNS: list[Column] = [
    *((name.upper(), name) for name in ("id", "channel", "label", "masked", "state", "failures")),
    ("RESTS UNTIL", lambda row: _later(row, "cooling_until", "next_use_at")),
    ("QUOTAS", lambda row: [_quota(*pair) for pair in sorted(row["quotas"].items())]),
    ("EXPIRES", when("expires_at")),
    ("RENEWAL", lambda row: _renewal(row["renewal"])),
    ("REASON", "reason"),
]


state_option = click.option("--state", type=click.Choice(STATES), help="Only those in it.")
search_option = click.option(
    "--search", metavar="TEXT", help="Only those with this in their label."
)


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose credentials."""
    channel = click.option("--channel", help="Only this channel's.")
    return channel(state_option(search_option(command)))


def choice(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says which credentials a command is for."""
    for option in (
        yes_option,
        click.option("--dry-run", is_flag=True, help="Only list what would be chosen."),
        filters,
        click.argument("numbers", metavar="[ID]...", nargs=-1, type=int),
    ):
        command = option(command)
    return command


class Chosen:
    """Names credentials, and does something to each."""

    def __init__(
        self,
        context: click.Context,
        numbers: tuple[int, ...],
        channel: str | None,
        state: str | None,
        search: str | None,
        dry_run: bool,
        yes: bool,
    ) -> None:
        """Take what `choice` added.

        Raises:
            UsageError: It names none, or names them in two ways.
        """
        self._query = {"channel": channel, "state": state, "search": search}
        by_choice = any(value is not None for value in self._query.values())
        if bool(numbers) == by_choice:
            raise click.UsageError("give IDs, or choose with --channel, --state and --search")
        self._context = context
        self._numbers = tuple(dict.fromkeys(numbers))
        self._dry_run = dry_run
        self._yes = yes

    def each(
        self,
        verb: str,
        do: Callable[[Client, int], Any],
        *,
        destroys: bool = False,
    ) -> list[Any]:
        """Do something to each; one that fails is told of and stops no other.

        Args:
            verb: What is done, such as `Clear`; for the question that is asked before.
            do: Does it.
            destroys: Ask even when the credentials are named.

        Returns:
            What `do` returned.

        Raises:
            Exit: Some failed.
            ApiError: The only one failed.
        """
        session: Session = self._context.obj
        with session.connect() as client:
            numbers = list(self._numbers) or self._found(client)
            if self._dry_run:
                if self._numbers:
                    rows = [client.get("credentials", number) for number in numbers]
                    show(rows, COLUMNS, as_json=False)
                return []
            if not numbers:
                return []
            if destroys or not self._numbers:
                many = f"{len(numbers)} credentials"
                what = many if len(numbers) > 1 else f"the credential {numbers[0]}"
                confirm(f"{verb} {what}?", yes=self._yes)
            if len(numbers) == 1:
                return [do(client, numbers[0])]
            return self._all(client, numbers, do)

    def _found(self, client: Client) -> list[int]:
        rows = list(client.items("credentials", limit=None, **self._query))
        # A person sees what a choice found before it is too late.
        if self._dry_run or not self._yes:
            show(rows, COLUMNS, as_json=False)
        return [row["id"] for row in rows]

    def _all(
        self, client: Client, numbers: list[int], do: Callable[[Client, int], Any]
    ) -> list[Any]:
        done = []
        for number in numbers:
            try:
                done.append(do(client, number))
            except ApiError as error:
                if error.status in (0, 401):
                    # It would be the same for all others.
                    raise
                click.echo(f"plugway: credential {number}: {error.message}", err=True)
        if len(done) < len(numbers):
            self._context.exit(1)
        return done


def _later(row: Mapping[str, Any], *names: str) -> str | None:
    found = [name for name in names if row[name] is not None]
    return when(max(found, key=lambda name: row[name]))(row) if found else None


def _quota(kind: str, quota: Mapping[str, Any]) -> str:
    rest = when("resting_until")(quota)
    return f"{kind} {quota['used']}" + (f" until {rest}" if rest else "")


def _renewal(renewal: Mapping[str, Any]) -> str | None:
    words = [renewal["state"] or ""]
    if renewal["state"] == "waiting":
        words.append(f"until {when('at')(renewal)}")
    if renewal["failures"]:
        words.append(f"({renewal['failures']} failed)")
    return " ".join(filter(None, words)) or None
