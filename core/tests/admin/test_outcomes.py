"""Statistics of tasks, on every database."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from back_office import BackOffice
from task_desk import TaskDesk

from plugway.admin import outcomes
from plugway.admin.moments import moment

pytestmark = pytest.mark.anyio

HOUR = 3600.0


async def statistics(office: BackOffice, **query: Any) -> Any:
    """Return the statistics."""
    answer = await office.operator.get("/tasks/statistics", **query)
    assert answer.status == 200, answer.text
    return answer.json


async def test_rates_and_medians_are_those_of_the_tasks(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    desk = TaskDesk(office.gateway)
    channels = {name: (await office.channel(name))["id"] for name in ("main", "spare")}
    chance = random.Random(7)  # noqa: S311  # no secret
    made: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for number in range(60):
        channel, kind = chance.choice(["main", "spare"]), chance.choice(["brew", "bake"])
        state = chance.choice(["submitted", "succeed", "succeed", "failed", "expired"])
        lasted = round(chance.uniform(1, 600), 3)
        await desk.task(
            state,
            channel=channels[channel],
            kind=kind,
            upstream_id=f"u-{number}",
            lasted=lasted,
            age=700,
            price=0,
        )
        made[channel, kind].append((state, lasted))
    found = await statistics(office)
    assert (found["tasks"], found["complete"]) == (60, True)
    sizes = [line["tasks"] for line in found["items"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == len(made)
    for line in found["items"]:
        those = made[line["channel"], line["kind"]]
        good = [lasted for state, lasted in those if state == "succeed"]
        ended = [state for state, _ in those if state != "submitted"]
        assert line["tasks"] == len(those)
        assert line["open"] == len(those) - len(ended)
        for state in ("succeed", "failed", "expired"):
            assert line[state] == ended.count(state)
        assert line["success_rate"] == pytest.approx(len(good) / len(ended))
        assert line["median_seconds"] == pytest.approx(median(good), abs=0.051)


async def test_what_was_never_taken_lowers_no_rate(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    desk = TaskDesk(office.gateway)
    channel = (await office.channel())["id"]
    await desk.task("failed", channel=channel)
    await desk.task("succeed", channel=channel, upstream_id="u", lasted=30)
    await desk.task("failed", kind="bake")
    line, other = (await statistics(office))["items"]
    assert (line["refused"], line["failed"], line["success_rate"]) == (1, 0, 1.0)
    assert line["median_seconds"] == 30
    assert (other["channel"], other["success_rate"], other["median_seconds"]) == (None, None, None)


async def test_the_window_is_that_which_was_asked_for(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    desk = TaskDesk(office.gateway)
    for age in (30 * HOUR, 5 * HOUR, 3 * HOUR, HOUR):
        await desk.task(age=age, price=0)
    now = moment(office.gateway.clock.now())

    def ago(hours: float) -> str:
        return (now - timedelta(hours=hours)).isoformat()

    assert (await statistics(office))["tasks"] == 3
    assert (await statistics(office, **{"from": ago(48)}))["tasks"] == 4
    assert (await statistics(office, **{"from": ago(4), "to": ago(2)}))["tasks"] == 1
    assert (await statistics(office, to=ago(29)))["tasks"] == 1
    assert (await statistics(office, to=ago(40)))["items"] == []
    answer = await office.operator.get("/tasks/statistics", **{"from": "1960-01-01T00:00:00Z"})
    assert answer.error == (400, "bad_request", "from")


async def test_the_newest_are_read_and_it_says_so(
    office_anywhere: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_anywhere
    desk = TaskDesk(office.gateway)
    for kind, age in (("old", 60.0), ("new", 10.0), ("new", 5.0)):
        await desk.task(kind=kind, age=age, price=0)
    monkeypatch.setattr(outcomes, "MOST", 2)
    found = await statistics(office)
    assert (found["complete"], found["tasks"]) == (False, 2)
    assert [(line["kind"], line["tasks"]) for line in found["items"]] == [("new", 2)]


async def test_open_tasks_are_counted_whenever_they_began(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    desk = TaskDesk(office.gateway)
    await desk.task("processing", age=48 * HOUR, price=0)
    await desk.task("pending", price=0)
    await desk.task("succeed", price=0)
    found = await statistics(office)
    assert {name: count for name, count in found["open"].items() if count} == {
        "processing": 1,
        "pending": 1,
    }
