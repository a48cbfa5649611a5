"""`plugway tasks`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import plugway_shop
import pytest
from command_line import Shell
from task_desk import TaskDesk

from plugway.gateway import Gateway


@pytest.fixture
def made(shell: Shell) -> dict[str, str]:
    """Make a user with an open task, one that succeeded and one that failed."""
    shell("users", "add", "alice")
    shell("credit", "alice", "1000", "--reason", "paid")
    add = ("channels", "add", "--provider", "shop", "--name", "main")
    channel = shell(*add, "--base-url", "http://127.0.0.1:1", "--json").json["id"]

    async def work(desk: TaskDesk) -> dict[str, str]:
        return {
            "good": await desk.task(
                "succeed",
                channel=channel,
                upstream_id="u-good",
                external_id="my-film",
                callback_url="https://client.example/hook?token=hush-hush",
                request='{"prompt": "a cat"}',
                answer='{"url": "https://cdn.example/1.mp4"}',
                age=60,
                lasted=45,
            ),
            "bad": await desk.task("failed", channel=channel, upstream_id="u-bad", reason="burnt"),
            "open": await desk.task("processing", channel=channel, upstream_id="u-open"),
        }

    return at_the_desk(shell, work)


def at_the_desk(
    shell: Shell, work: Callable[[TaskDesk], Awaitable[dict[str, str]]]
) -> dict[str, str]:
    """Do something with the gateway of a home."""

    async def whole() -> dict[str, str]:
        gateway = Gateway(shell.home, environ={}, plugins={"shop": plugway_shop})
        await gateway.start(serving=False)
        try:
            return await work(TaskDesk(gateway))
        finally:
            await gateway.stop()

    return asyncio.run(whole())


def test_tasks_are_listed_and_chosen(shell: Shell, made: dict[str, str]) -> None:
    rows = shell("tasks", "list", "--json").json
    assert [row["call_id"] for row in rows] == [made["open"], made["bad"], made["good"]]
    for options, name in (
        (("--state", "open", "--user", "alice"), "open"),
        (("--state", "failed", "--provider", "shop"), "bad"),
        (("--id", "u-good"), "good"),
        (("--id", "my-film", "--channel", "main", "--kind", "brew"), "good"),
        (("--limit", "1"), "open"),
    ):
        found = shell("tasks", "list", *options, "--json").json
        assert [row["call_id"] for row in found] == [made[name]], options
    table = shell("tasks", "list").out
    assert "u-good" in table
    assert "burnt" in table
    assert "cat" not in table
    assert shell("tasks", "list", "--kind", "bake").err == "none\n"
    assert shell("tasks", "list", "--state", "asleep", check=False).code == 2
    ran = shell("tasks", "list", "--user", "nobody", check=False)
    assert (ran.code, ran.err) == (1, "plugway: user: no user named nobody\n")


def test_one_task_is_shown(shell: Shell, made: dict[str, str]) -> None:
    found = shell("tasks", "show", "u-good", "--json").json
    assert (found["call_id"], found["request"]) == (made["good"], {"prompt": "a cat"})
    number = str(found["id"])
    assert shell("tasks", "show", number, "--json").json == found
    text = shell("tasks", "show", made["good"]).out
    assert "prompt=a cat" in text
    lines = text.splitlines()
    entries = lines[lines.index("entries:") + 1 : lines.index("callbacks:") - 1]
    assert [line.split()[3:5] for line in entries[1:]] == [["-", "reserve"], ["-", "settle"]]
    assert "https://client.example/hook?…" in lines[-1]
    assert "receipts:" not in lines
    assert "hush-hush" not in text
    ran = shell("tasks", "show", "u-none", check=False)
    assert (ran.code, ran.err) == (1, "plugway: there is no such task\n")


def test_a_task_is_refunded(shell: Shell, made: dict[str, str]) -> None:
    words = ("tasks", "refund", "u-good", "4", "--reason", "dark", "--idempotency-key", "r1")
    assert shell(*words, "--json").json["balance"] == 994
    assert "repeated         yes" in shell(*words).out
    more = ("tasks", "refund", "u-good", "7", "--reason", "dark")
    ran = shell(*more, check=False)
    assert (ran.code, "at most 6 credits" in ran.err) == (1, True)
    assert shell("tasks", "refund", "u-good", "4", check=False).code == 2
    assert shell("ledger", "verify").code == 0


def test_callbacks_are_sent_again(shell: Shell, made: dict[str, str]) -> None:
    assert shell("tasks", "resend", "u-good", "--json").json == {
        "call_id": made["good"],
        "callbacks": 1,
    }
    assert shell("tasks", "resend", "u-none", check=False).code == 1


def test_upstreams_are_asked(shell: Shell, made: dict[str, str]) -> None:
    # A task that has ended stays as it is, whatever its upstream would say.
    assert shell("tasks", "poll", "u-good", "--json").json["state"] == "succeed"
    ran = shell("tasks", "recheck", "u-open", check=False)
    assert (ran.code, "this task is processing" in ran.err) == (1, True)
    # Nobody polls for the shop.
    assert shell("tasks", "recheck", "u-bad", check=False).code == 1


def test_tasks_are_summed_up(shell: Shell, made: dict[str, str]) -> None:
    found = shell("tasks", "statistics", "--json").json
    (line,) = found["items"]
    assert (line["channel"], line["tasks"], line["success_rate"]) == ("main", 3, 0.5)
    assert line["median_seconds"] == 45
    table = shell("tasks", "statistics", "--from", "7d").out
    assert "50.0%" in table
    assert shell("tasks", "statistics", "--from", "2100-01-01").err == "none\n"
