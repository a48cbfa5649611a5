"""`plugway users`, `groups`, `keys` and `credit`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from command_line import Shell


def test_users_are_added_changed_and_listed(shell: Shell) -> None:
    shell("groups", "add", "gold")
    added = shell("users", "add", "alice", "--role", "operator", "--group", "gold", "--json").json
    assert (added["name"], added["role"], added["group"]) == ("alice", "operator", "gold")
    assert (added["balance"], added["held"]) == (0, 0)
    shell("users", "set", "alice", "--role", "user", "--no-group", "--name", "bob")
    shell("users", "disable", "bob")
    bob = shell("users", "show", "bob", "--json").json
    assert (bob["role"], bob["group"], bob["enabled"]) == ("user", None, False)
    shell("users", "enable", "bob")
    listed = shell("users", "list", "--json").json
    assert [(user["name"], user["enabled"]) for user in listed] == [("admin", True), ("bob", True)]
    assert [user["name"] for user in shell("users", "list", "--search", "BO", "--json").json] == [
        "bob"
    ]


def test_a_list_for_people_is_a_table(shell: Shell) -> None:
    shell("users", "add", "张三")
    shell("credit", "张三", "1500", "--reason", "paid")
    lines = shell("users", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "ROLE", "GROUP", "ENABLED", "BALANCE", "HELD"]
    assert lines[2].split() == ["张三", "user", "-", "yes", "1500", "0"]


def test_a_list_of_nothing_is_still_json(shell: Shell) -> None:
    for words in (("channels",), ("groups",), ("credentials",)):
        ran = shell(*words, "list", "--json")
        assert (ran.json, ran.err) == ([], "")
    assert shell("groups", "list").out == ""


def test_credits_go_both_ways(shell: Shell) -> None:
    shell("users", "add", "alice")
    paid = shell("credit", "alice", "500", "--reason", "invoice 7", "--json").json
    assert (paid["balance"], paid["repeated"]) == (500, False)
    taken = shell("credit", "alice", "-200", "--reason", "mistake", "--json").json
    assert taken["balance"] == 300
    for repeated in (False, True):
        once = shell(
            *("credit", "alice", "5", "--reason", "gift", "--idempotency-key", "g", "--json")
        ).json
        assert (once["balance"], once["repeated"]) == (305, repeated)
    assert shell("credit", "alice", "5", check=False).code == 2
    assert shell("credit", "alice", "much", "--reason", "x", check=False).code == 2
    assert shell("credit", "alice", "-900", "--reason", "x", check=False).code == 1


def test_a_new_key_stands_alone_on_stdout(shell: Shell) -> None:
    shell("users", "add", "alice")
    key = shell("keys", "add", "alice", "--name", "laptop").out
    assert key.startswith("sk-")
    assert key.count("\n") == 1
    assert key.strip() not in shell("keys", "list").out
    pair = dict(
        line.split("=", 1)
        for line in shell("keys", "add", "alice", "--name", "jwt", "--pair").out.splitlines()
    )
    assert set(pair) == {"access_key", "secret_key"}
    assert pair["access_key"].startswith("ak-")
    made = shell("keys", "add", "alice", "--name", "third", "--json").json
    assert made["key"].startswith("sk-")


def test_a_key_is_adopted_from_stdin_only(shell: Shell) -> None:
    shell("users", "add", "alice")
    old = "the-old-key-of-alice"
    words = ("keys", "add", "alice", "--name", "old", "--secret")
    refused = shell(*words, old, check=False)
    assert refused.code == 2
    assert "--secret -" in refused.err
    assert old not in refused.err
    assert shell(*words, "-", stdin=f"{old}\n").out == ""
    (key,) = shell("keys", "list", "--user", "alice", "--json").json
    assert (key["name"], key["masked"]) == ("old", "the-…e")
    again = shell("keys", "add", "admin", "--name", "x", "--secret", "-", stdin=old, check=False)
    assert (again.code, old in again.err) == (1, False)
    short = shell(*words[:-2], "short", "--secret", "-", "--json", stdin="1234567\n", check=False)
    assert (short.code, "secret" in short.err) == (1, True)
    made = shell(*words[:-2], "json", "--secret", "-", "--json", stdin="x" * 40).json
    assert set(made) == {"id", "user", "name"}


def test_keys_have_limits(shell: Shell) -> None:
    shell("users", "add", "alice")
    shell(
        *("keys", "add", "alice", "--name", "k", "--quota", "500", "--expires", "30d"),
        *("--model", "tea", "--model", "parcel", "--network", "10.0.0.0/8", "--rate", "60/minute"),
    )
    (key,) = shell("keys", "list", "--user", "alice", "--json").json
    assert (key["quota"], key["rate"]) == (500, "60/minute")
    assert (key["models"], key["networks"]) == (["parcel", "tea"], ["10.0.0.0/8"])
    left = datetime.fromisoformat(key["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    shell("keys", "set", "alice/k", "--quota", "7", "--expires", "2100-01-01", "--name", "kk")
    shell("keys", "set", "alice/kk", "--unlimited", "rate", "--unlimited", "models")
    (key,) = shell("keys", "list", "--user", "alice", "--json").json
    assert (key["name"], key["quota"], key["rate"], key["models"]) == ("kk", 7, None, None)
    assert key["expires_at"].startswith(("2099-12-31", "2100-01-01"))
    free = shell("keys", "set", "alice/kk", "--unlimited", "expires", "--json").json
    assert free["expires_at"] is None


def test_a_key_is_named_by_its_id_or_by_whose_it_is(shell: Shell) -> None:
    number = str(shell("keys", "list", "--json").json[0]["id"])
    for name, enabled in ((number, False), ("admin/first", True)):
        shell("keys", "enable" if enabled else "disable", name)
        assert shell("keys", "list", "--json").json[0]["enabled"] is enabled
    shell("keys", "remove", "admin/first", "--yes")
    assert shell("keys", "list", "--json").json == []
    assert shell("keys", "remove", number, check=False).code == 1


@pytest.mark.parametrize("text", ["soon", "30", "30x", "-1d", "999999999w", "2030-13-01"])
def test_a_time_that_is_none_is_refused(shell: Shell, text: str) -> None:
    ran = shell("keys", "add", "admin", "--name", "k", f"--expires={text}", check=False)
    assert ran.code == 2
    assert shell("keys", "list", "--json").json[0]["name"] == "first"


def test_groups_are_added_changed_and_removed(shell: Shell) -> None:
    shell("groups", "add", "gold", "--model", "tea", "--rate", "5/second")
    (group,) = shell("groups", "list", "--json").json
    assert (group["models"], group["rate"]) == (["tea"], "5/second")
    shell("groups", "set", "gold", "--all-models", "--no-rate", "--name", "silver")
    (group,) = shell("groups", "list", "--json").json
    assert (group["name"], group["models"], group["rate"]) == ("silver", None, None)
    shell("groups", "set", "silver", "--model", "parcel")
    shell("groups", "remove", "silver")
    assert shell("groups", "list", "--json").json == []
