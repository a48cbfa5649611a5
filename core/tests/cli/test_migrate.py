"""`plugway migrate`."""

from __future__ import annotations

from command_line import Shell


def test_what_is_pending_is_told_and_applied(shell: Shell) -> None:
    assert shell("migrate", "--check").out == ""
    shell.environ["PLUGWAY__DATABASE__URL"] = f"sqlite://{shell.home}/other.db"
    ran = shell("migrate", "--check", check=False)
    assert (ran.code, ran.out.splitlines()[0]) == (1, "core.0001_initial")
    assert shell("migrate").out == ran.out
    ran = shell("migrate")
    assert (ran.out, ran.err) == ("", "at head\n")
    assert shell("migrate", "--check").code == 0


def test_a_migration_of_nothing_is_not_written(shell: Shell) -> None:
    ran = shell("migrate", "make", "core")
    assert (ran.out, ran.err) == ("", "nothing to do\n")
    ran = shell("migrate", "make", "nothing", check=False)
    assert ran.code == 2
    assert "core" in ran.err


def test_a_gateway_elsewhere_cannot_be_migrated_from_here(shell: Shell) -> None:
    where = ("--url", "http://127.0.0.1:1", "--admin-key", "k")
    ran = shell(*where, "migrate", "--check", check=False)
    assert (ran.code, ran.out) == (2, "")
    assert "--url" in ran.err
