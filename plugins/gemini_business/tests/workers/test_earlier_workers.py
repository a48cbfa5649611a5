"""Workers of earlier systems: their messages as they send them, and tasks by HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from worker_gateway import Raw, Site

from plugway.credentials import store

pytestmark = pytest.mark.anyio

SES, OSES = "__Secure-C_SES", "__Host-C_OSES"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a gateway with two accounts."""
    async with Site(tmp_path / "home", "first", "second") as site:
        yield site


async def ready(worker: Raw, threads: int = 1) -> None:
    await worker.say(
        "client_ready", max_threads=threads, client_version="2.0.0", protocol_version="1.0"
    )


def signed_in(site: Site, name: str) -> list[dict[str, str]]:
    """Sign an account in by hand, and return its cookies."""
    pair = site.emulator.sign_in(name)
    return [
        {"name": SES, "value": pair.ses, "domain": ".gemini.google"},
        {"name": OSES, "value": pair.oses, "domain": ".gemini.google"},
    ]


async def upload(site: Site, **fields: Any) -> tuple[int, Any]:
    async with site.client.post(site.url + "/pool/upload-account", json=fields) as answer:
        return answer.status, await answer.json()


def uploaded(site: Site, name: str, **more: Any) -> dict[str, Any]:
    """Return the body of an upload, in the field names of earlier systems."""
    file = json.loads(site.emulator.account_file(name))
    return {
        "email": file["email"],
        "full_name": "Some One",
        "cookies": file["cookies"],
        "cookie_string": file["cookie_string"],
        "authorization": "",
        "config_id": file["configId"],
        "csesidx": file["csesidx"],
        "is_new": False,
        **more,
    }


async def registrar(site: Site, path: str, **fields: Any) -> tuple[int, Any]:
    place = f"{site.url}/admin/registrar/refresh-tasks/{path}"
    async with site.client.post(place, json=fields) as answer:
        return answer.status, await answer.json()


async def test_the_whole_conversation_of_an_earlier_worker(site: Site) -> None:
    site.emulator.accounts["first"].state = "expired"
    await site.want("first")
    async with site.raw() as worker:
        await ready(worker)
        task = (await worker.hear("task_refresh"))["data"]
        assert task["email"] == site.email("first")
        assert task["config_id"] == site.emulator.accounts["first"].config_id
        assert task["csesidx"] == site.emulator.accounts["first"].csesidx
        assert task["authorization"] == ""
        old = site.emulator.accounts["first"].sign_ins[0].ses
        assert {one["name"]: one["value"] for one in task["cookies"]}[SES] == old
        cookies = signed_in(site, "first")
        status, answer = await upload(site, **uploaded(site, "first"))
        assert (status, answer["success"], answer["outcome"]) == (200, True, "updated")
        await worker.say(
            "refresh_result", email=task["email"], success=True, cookies=cookies, error=""
        )
        await worker.say("request_task")
        await worker.say("query_status")
        said = (await worker.hear())["data"]
        assert said == {
            "current_count": 2,
            "pending_count": 0,
            "target_count": 0,
            "need_count": 0,
        }
    assert await site.is_fresh("first")
    assert (await site.row("first")).state == "ready"


async def test_cookies_in_the_result_are_enough(site: Site) -> None:
    await site.want("first")
    async with site.raw() as worker:
        await ready(worker)
        await worker.hear("task_refresh")
        cookies = signed_in(site, "first")
        await worker.say(
            "refresh_result", email=site.email("first").upper(), success=True, cookies=cookies
        )
        await site.until(lambda: site.is_fresh("first"))
    row = await site.row("first")
    assert (row.state, row.renewal_owner) == ("ready", None)
    # As long as cookies live, from now.
    assert abs(row.expires_at / 1e6 - site.now() - 12 * 3600) < 60


async def test_no_more_tasks_than_threads_and_none_twice(site: Site) -> None:
    await site.want("first", "second")
    async with site.raw() as one, site.raw() as other:
        await ready(one)
        task = (await one.hear("task_refresh"))["data"]
        for _ in range(3):
            await one.say("request_task")
        await one.say("query_status")
        assert (await one.hear())["type"] == "status"
        await ready(other, threads=5)
        assert (await other.hear("task_refresh"))["data"]["email"] != task["email"]


async def test_renewals_that_fall_due_later_are_handed_out(site: Site) -> None:
    async with site.raw() as worker:
        await ready(worker)
        await worker.say("query_status")
        await worker.hear("status")
        await site.want("second")
        site.clock.advance(5)
        assert (await worker.hear("task_refresh"))["data"]["email"] == site.email("second")


async def test_defect_i_a_network_outage_is_not_held_against_accounts(site: Site) -> None:
    errors = ["page.goto: net::ERR_INTERNET_DISCONNECTED", "dial tcp: i/o timeout", "no such host"]
    async with site.raw() as worker:
        await ready(worker)
        for number in range(9):
            await site.want("first")
            site.clock.advance(5)
            task = (await worker.hear("task_refresh"))["data"]
            error = errors[number % 3]
            await worker.say("refresh_result", email=task["email"], success=False, error=error)
            await site.until(lambda: given_back(site, "first"))
    row = await site.row("first")
    assert (row.state, row.renewal_failures) == ("ready", 0)
    assert len(await site.rows()) == 2


async def given_back(site: Site, name: str) -> bool:
    return (await site.row(name)).renewal_owner is None


async def test_failures_end_in_quarantine_and_in_no_deletion(site: Site) -> None:
    await site.want("first")
    async with site.raw() as worker:
        await ready(worker)
        for failures in (1, 2, 3):
            await worker.say("request_task")
            await worker.hear("task_refresh")
            assert await claimed(site, "first")
            await worker.say(
                "refresh_result", email=site.email("first"), success=False, error="login page"
            )
            await site.until(lambda: given_back(site, "first"))
            assert (await site.row("first")).renewal_failures == failures
            # In one step: a worker that says nothing for long is taken for dead.
            site.clock.advance(30 * 2 ** (failures - 1) + 1)
    row = await site.row("first")
    assert row.state == "quarantined"
    assert "login page" in row.reason


async def claimed(site: Site, name: str) -> bool:
    return not await given_back(site, name)


async def test_results_for_what_others_have_change_nothing(site: Site) -> None:
    await site.want("first")
    async with site.raw() as one, site.raw() as other:
        await ready(one)
        task = (await one.hear("task_refresh"))["data"]
        before = await site.ses("first")
        said = []
        for email, task_id in (
            (site.email("first"), ""),
            ("", task["task_id"]),
            (site.email("second"), ""),
            ("nobody@example.com", ""),
            ("", "999999"),
            ("", "-1"),
            ("", "9" * 30),
            ("", "x"),
            ("", ""),
        ):
            await other.say(
                "refresh_result",
                email=email,
                task_id=task_id,
                success=True,
                cookies=[{"name": SES, "value": "forged", "domain": ".gemini.google"}],
            )
            answer = (await other.hear("error"))["data"]
            assert answer.pop("task_id") == task_id
            said.append(answer)
            await other.say("refresh_result", email=email, task_id=task_id, success=False)
            await other.hear("error")
        # No oracle: whoever asks hears the same of all.
        assert all(one == said[0] for one in said)
        assert said[0]["code"] == "not_held"
        assert await site.ses("first") == before
        row = await site.row("first")
        assert (row.state, row.renewal_failures, row.renewal_owner is None) == ("ready", 0, False)


async def test_a_late_account_file_is_logged_and_not_lost_in_silence(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    signed_in(site, "first")
    body = uploaded(site, "first", task_id="1", worker_id="somebody")
    before = await site.ses("first")
    with caplog.at_level(logging.WARNING):
        status, answer = await upload(site, **body)
    assert (status, answer["success"], answer["outcome"]) == (200, False, "late")
    assert "brought an account file for a renewal that it does not have" in caplog.text
    assert await site.ses("first") == before
    assert all(one["value"] not in caplog.text for one in body["cookies"])


async def test_defect_j_an_upload_updates_the_account_wherever_it_is(site: Site) -> None:
    other = await site.channel("first", name="other")
    site.emulator.accounts["first"].state = "expired"
    row = await site.row("first", other)
    gateway = site.server.gateway
    await store.set_state(gateway.database, row.id, "quarantined", "it failed", gateway.clock)
    await gateway.snapshots.refresh()
    signed_in(site, "first")
    status, answer = await upload(site, **uploaded(site, "first"))
    assert (status, answer["outcome"]) == (200, "updated")
    newest = site.emulator.accounts["first"].sign_ins[-1].ses
    for row in await site.rows():
        if row.label == site.email("first"):
            assert await site.ses("first", row.channel_id) == newest
            assert row.state == "ready"
    assert len(await site.rows()) == 3


async def test_a_new_account_is_added_once(site: Site) -> None:
    body = json.loads(site.emulator.account_file("first"))
    new = {**body, "email": "../../new@example.com", "csesidx": "77"}
    for outcome in ("added", "unchanged"):
        status, answer = await upload(site, **new, is_new=True)
        assert (status, answer["outcome"]) == (200, outcome)
    assert len(await site.rows()) == 3
    assert not list(site.home.rglob("*new@example*"))


async def test_a_new_account_needs_one_place(site: Site) -> None:
    await site.channel(name="other")
    body = uploaded(site, "first", email="new@example.com")
    status, answer = await upload(site, **body)
    assert status == 409
    assert "upload_channel" in answer["error"]["message"]
    assert len(await site.rows()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"cookies": []},
        {"cookies": "x"},
        {"config_id": ""},
        {"csesidx": "1;2"},
        {"cookies": [{"name": SES, "value": "a\r\nb"}]},
        {"task_id": 5},
    ],
)
async def test_what_is_no_account_is_refused(site: Site, change: dict[str, Any]) -> None:
    body = {**uploaded(site, "first", cookie_string=""), **change}
    status, answer = await upload(site, **body)
    assert status == 400
    assert SES not in str(answer) or "cookie" in answer["error"]["message"]
    assert len(await site.rows()) == 2


async def test_an_upload_is_bounded(site: Site) -> None:
    async with site.client.post(
        site.url + "/pool/upload-account", data=b"x" * (256 * 1024 + 1)
    ) as answer:
        assert answer.status == 413
    async with site.client.post(site.url + "/pool/upload-account", data=b"[" * 100_000) as answer:
        assert answer.status == 400


async def test_tasks_by_http_have_leases_too(site: Site) -> None:
    await site.want("first", "second")
    status, got = await registrar(site, "claim", worker_id="one", limit=1, lease_sec=60)
    assert status == 200
    assert (got["count"], got["throttled"], got["deprecated"]) == (1, False, False)
    (task,) = got["tasks"]
    (rest,) = (await registrar(site, "claim", worker_id="two", limit=500))[1]["tasks"]
    assert {task["email"], rest["email"]} == {site.email("first"), site.email("second")}
    # Somebody else's, and nobody's.
    for id_ in (rest["task_id"], "999999"):
        _, told = await registrar(site, "fail", task_id=id_, worker_id="one", error="x")
        assert told == {"success": False}
    _, told = await registrar(
        site, "fail", task_id=int(rest["task_id"]), worker_id="two", error="login page"
    )
    assert told == {"success": True}
    # After the lease somebody else may have it, and the first one is late.
    site.clock.advance(61)
    _, got = await registrar(site, "claim", worker_id="two", limit=500)
    assert task["task_id"] in [one["task_id"] for one in got["tasks"]]
    name = task["email"].partition("@")[0]
    signed_in(site, name)
    late = uploaded(site, name, task_id=task["task_id"], worker_id="one")
    assert (await upload(site, **late))[1]["outcome"] == "late"
    good = uploaded(site, name, task_id=task["task_id"], worker_id="two")
    assert (await upload(site, **good))[1]["outcome"] == "renewed"
    assert await site.is_fresh(name)


async def test_a_claim_that_cannot_be_is_refused(site: Site) -> None:
    for body in ({}, {"worker_id": ""}, {"worker_id": "a b"}, {"worker_id": "a", "limit": "1"}):
        status, _ = await registrar(site, "claim", **body)
        assert status == 400
    await site.want("first")
    for limit in (0, -5):
        status, got = await registrar(site, "claim", worker_id="a", limit=limit)
        assert (status, got["tasks"]) == (200, [])


async def told_of(site: Site, outcome: str) -> bool:
    async with site.client.get(site.url + "/admin/registrar/metrics") as answer:
        return bool((await answer.json())["counts"][outcome])


async def test_metrics_tell_who_is_there_and_how_it_goes(site: Site) -> None:
    await site.want("first", "second")
    async with site.raw() as worker:
        await ready(worker, threads=3)
        await worker.hear("task_refresh")
        await worker.hear("task_refresh")
        await worker.say("refresh_result", email=site.email("first"), success=False, error="x")
        await site.until(lambda: told_of(site, "failed"))
        async with site.client.get(site.url + "/admin/registrar/metrics") as answer:
            told = await answer.json()
        (client,) = told["clients"]
        assert client["threads"] == 3
        assert client["busy"] == 1
        assert client["is_alive"] is True
        assert client["version"] == "2.0.0"
        assert told["counts"]["claimed"] == 2
        assert told["counts"]["failed"] == 1


async def test_when_all_fails_less_is_handed_out(site: Site) -> None:
    await site.want("first", "second")
    for number in range(20):
        for name in ("first", "second")[: 1 + (number == 19)]:
            await site.want(name)
        _, got = await registrar(site, "claim", worker_id="one", limit=1)
        (task,) = got["tasks"]
        await registrar(site, "fail", task_id=task["task_id"], worker_id="one", error="broken")
    await site.want("first", "second")
    _, got = await registrar(site, "claim", worker_id="one", limit=20)
    assert (got["count"], got["throttled"]) == (1, True)
