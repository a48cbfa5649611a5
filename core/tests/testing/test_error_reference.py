"""Tests of the page of errors."""

from __future__ import annotations

import re

from plugway import NoChannel, QuotaExhausted
from plugway.server.refusals import BodyTimeout
from plugway.testing.error_reference import classes, reference


def row(name: str) -> str:
    (found,) = [line for line in reference().splitlines() if f"`{name}`" in line and "|" in line]
    return found


def test_every_error_has_one_row() -> None:
    names = re.findall(r"^\| `\w+` \| \d+ \| `(\w+)`", reference(), re.M)
    assert sorted(names) == sorted(error.__name__ for error in classes())


def test_a_row_says_who_may_raise_it_and_what_it_says() -> None:
    assert row("NoChannel").startswith("| `no_available_channel` | 503 | `NoChannel`, *public* |")
    assert NoChannel().message in row("NoChannel")
    assert "*public, retryable*" in row("QuotaExhausted")
    assert QuotaExhausted().message in row("QuotaExhausted")
    assert row("BodyTimeout") == (
        f"| `body_timeout` | 408 | `BodyTimeout` | {BodyTimeout().message} |"
    )


def test_an_error_is_in_the_family_of_its_nearest_root() -> None:
    families = {part.partition("\n")[0]: part for part in reference().split("\n## ")}
    assert "`NoPrice`" in families["The client's fault"]
    assert "`UpstreamTimeout`" in families["The upstream's fault"]
    assert "`VaultError`" in families["The operator's fault"]
    assert "`LedgerUnavailable`" in families["For now"]
