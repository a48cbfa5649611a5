"""What users of other gateways complain of, and what was found in their code, is not so here.

`SHOWN` names for each of it (reference: "What users complain about") the tests that show it;
those that a whole gateway needs and nobody else has are below. What concerns Flow is not here.
"""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Mapping
from functools import cache
from pathlib import Path

import pool_business
import pytest
from pool_business import Pool, asks, told

from plugway.testing import ManualClock
from plugway_gemini_business.emulated.accounts import NewAccount

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
HERE = "tests/test_known_defects.py"
BUSINESS = "plugins/gemini_business/tests"
CORE = "core/tests"
FILES = f"{CORE}/admin/test_credential_files.py"
COMMANDS = f"{CORE}/cli/test_credentials.py"
RESTART = "tests/test_pool_restart.py"
CHAT = f"{BUSINESS}/test_chat.py"
FAILURES = f"{BUSINESS}/test_failures.py"

#: By letter of a defect or number of a complaint: files, and tests in them.
SHOWN: Mapping[str, tuple[tuple[str, str], ...]] = {
    # Answers in OpenAI's shape for everybody.
    "a": (
        (f"{BUSINESS}/test_dialects.py", "test_defect_a_anthropics_clients_get_anthropics_shape"),
        (f"{BUSINESS}/test_dialects.py", "test_defect_a_googles_clients_get_googles_shape"),
    ),
    # Nothing is streamed before the upstream has ended.
    "b": (
        (FAILURES, "test_defect_b_first_words_come_while_the_upstream_still_sends"),
        ("tests/test_sdk_each.py", "test_first_words_come_while_the_upstream_has_not_ended"),
    ),
    # An endless loop while all accounts are limited.
    "c": (
        (FAILURES, "test_defect_c_with_every_account_limited_the_client_waits_for_nothing"),
        (
            "tests/test_pool_limits.py",
            "test_many_clients_at_once_do_not_multiply_what_the_upstream_gets",
        ),
    ),
    # Another model answers in silence.
    "d": (
        (f"{BUSINESS}/test_models.py", "test_defect_d_every_model_asks_for_itself"),
        (CHAT, "test_defect_d_a_model_that_the_upstream_does_not_know_fails"),
    ),
    # 500 when there is no account.
    "e": (
        (FAILURES, "test_defect_e_without_any_usable_account_it_is_503"),
        ("tests/test_sdk_each.py", "test_without_an_account_it_is_503"),
    ),
    # An account's address as the name of a file, which others can read.
    "f": (
        (
            f"{BUSINESS}/accounts/test_importing.py",
            "test_defect_f_an_address_names_no_file_elsewhere",
        ),
        (COMMANDS, "test_no_account_names_a_file_elsewhere"),
        (COMMANDS, "test_an_export_is_private_and_can_be_imported"),
    ),
    # The workers' secret in an address, and any page may connect.
    "g": (
        (
            f"{BUSINESS}/workers/test_door.py",
            "test_defect_g_without_the_secret_in_a_header_nobody_enters",
        ),
        (f"{BUSINESS}/workers/test_door.py", "test_defect_g_pages_of_others_open_nothing"),
    ),
    # Questions for the status can block each other for ever.
    "h": (
        (
            f"{BUSINESS}/admin/test_numbers.py",
            "test_defect_h_two_hundred_questions_at_once_are_answered",
        ),
    ),
    # A network outage deletes accounts.
    "i": (
        ("tests/test_pool_outage.py", "test_an_outage_is_over_when_it_is_over"),
        (
            f"{BUSINESS}/workers/test_earlier_workers.py",
            "test_defect_i_a_network_outage_is_not_held_against_accounts",
        ),
        (
            f"{BUSINESS}/accounts/test_renewal_round.py",
            "test_an_outage_changes_no_account_for_good",
        ),
    ),
    # Fresh cookies do not reach an account that is out of use.
    "j": (
        (
            f"{BUSINESS}/workers/test_earlier_workers.py",
            "test_defect_j_an_upload_updates_the_account_wherever_it_is",
        ),
        (HERE, "test_complaint_5_cookies_from_elsewhere_end_the_expiry"),
    ),
    # Dead accounts hold up the renewal of all others.
    "k": ((f"{BUSINESS}/workers/test_worker.py", "test_defect_k_the_dead_hold_up_nobody"),),
    # Statistics by address grow without bound.
    "l": (
        (
            f"{CORE}/test_statistics.py",
            "test_defect_l_what_clients_send_does_not_make_an_answer_grow",
        ),
        (f"{BUSINESS}/admin/test_numbers.py", "test_questions_for_addresses_are_bounded"),
    ),
    # It asks for encodings that it cannot read.
    "l2": (
        (FAILURES, "test_defect_l2_nothing_packed_is_asked_for_or_taken"),
        (FAILURES, "test_a_packed_answer_is_refused"),
    ),
    # After a 401 the same bearer is used again.
    "s": ((FAILURES, "test_defect_s_a_401_gets_a_fresh_bearer_on_the_same_account"),),
    # Certificates are not verified.
    "t": (
        (
            f"{BUSINESS}/test_tls.py",
            "test_defect_t_an_upstream_that_nobody_vouches_for_gets_no_cookies",
        ),
    ),
    # Callers behind one address share a conversation.
    "u": ((CHAT, "test_defect_u_conversations_never_meet"),),
    # A list of accounts that is saved replaces those that are there, and has some twice.
    "v": (
        (HERE, "test_defect_v_an_import_takes_nothing_away_and_has_nobody_twice"),
        (FILES, "test_each_secret_of_a_file_has_an_outcome_of_its_own"),
    ),
    # Accounts stuck in a rest that only disabling and enabling ends.
    "1": (
        (RESTART, "test_a_rest_survives_and_clear_ends_it"),
        ("tests/test_pool_limits.py", "test_the_clients_wait_is_the_upstreams"),
    ),
    # One conversation puts nine tenths of the pool to rest.
    "2": ((HERE, "test_complaint_2_one_bad_conversation_costs_no_account"),),
    # A dead account is picked again and again.
    "3": ((HERE, "test_complaint_3_a_dead_account_is_left_alone"),),
    # Cookies die after twelve hours; renewal without a screen; import of many.
    "4": (
        (f"{BUSINESS}/accounts/test_renewal_round.py", "test_cookies_are_renewed_before_they_end"),
        (
            f"{BUSINESS}/workers/test_worker_command.py",
            "test_a_real_browser_renews_on_another_machine",
        ),
        (COMMANDS, "test_files_and_directories_are_imported"),
    ),
    # An account stays expired after its cookies were renewed elsewhere.
    "5": ((HERE, "test_complaint_5_cookies_from_elsewhere_end_the_expiry"),),
    # Processes of browsers pile up.
    "6": (
        (f"{CORE}/browser/test_browser.py", "test_nothing_is_left_behind_after_failures"),
        (f"{CORE}/browser/test_browser.py", "test_nothing_is_left_behind_of_what_is_cancelled"),
        (f"{CORE}/browser/test_orphans.py", "test_an_owner_may_be_killed_at_any_moment"),
    ),
    # Accounts and settings are lost at a restart.
    "7": (
        (RESTART, "test_the_uses_of_a_day_survive_and_clear_forgets_them"),
        (RESTART, "test_a_quarantine_survives_until_the_operator_ends_it"),
    ),
    # No image, and yet a success.
    "8": ((FAILURES, "test_complaint_8_an_image_that_does_not_come_is_no_success"),),
    # Of several images one comes; control text in the answer.
    "9": (
        (f"{BUSINESS}/test_generated.py", "test_complaint_9_several_images_all_come"),
        (CHAT, "test_control_text_is_left_out"),
    ),
    # Claude's format.
    "10": (
        ("tests/test_sdk_each.py", "test_a_question_is_answered_and_costs_what_the_usage_says"),
    ),
    # SOCKS with a login.
    "11": (
        (
            f"{CORE}/upstream/test_proxies_pool.py",
            "test_every_kind_is_checked_by_a_request_and_carries_calls",
        ),
    ),
    # The system prompt is ignored, conversations are mixed up.
    "12": (
        (CHAT, "test_complaint_12_the_system_prompt_and_all_turns_arrive"),
        (CHAT, "test_defect_u_conversations_never_meet"),
    ),
    # Accounts twice after an import, or never again after they were removed.
    "23": (
        (HERE, "test_defect_v_an_import_takes_nothing_away_and_has_nobody_twice"),
        (FILES, "test_an_account_that_was_removed_is_imported_again"),
    ),
    # A rest that has nothing to do with the upstream's, and grows with each question.
    "24": (
        (HERE, "test_complaint_24_questions_do_not_lengthen_a_rest"),
        (RESTART, "test_a_rest_survives_and_clear_ends_it"),
    ),
    # Three 429s, and the account counts as invalid.
    "25": (
        (HERE, "test_complaint_25_being_limited_often_is_no_expiry"),
        (RESTART, "test_a_quarantine_survives_until_the_operator_ends_it"),
    ),
    # Nobody said that accounts may be banned.
    "26": ((HERE, "test_complaint_26_the_operator_is_warned"),),
}


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_each_is_shown() -> None:
    letters = {*"abcdefghijklstuv", "l2"}
    numbers = {str(number) for number in (*range(1, 13), *range(23, 27))}
    assert {*SHOWN} == letters | numbers


@pytest.mark.parametrize("known", SHOWN)
def test_what_shows_it_is_there(known: str) -> None:
    for path, name in SHOWN[known]:
        assert name in named_in(path), f"{path} has no {name}"


@pytest.fixture
def clock() -> ManualClock:
    """Return the time of the gateway and of the upstream."""
    return pool_business.present()


@pytest.fixture
async def pool(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Pool]:
    """Run a gateway and an upstream with four accounts; there is no channel."""
    async with (
        pool_business.upstream(clock, "one", "two", "three", "four") as emulator,
        pool_business.gateway(tmp_path / "home", emulator, clock) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("refused", {"call": "ask", "code": 400}),
        ("limited", {"code": 400, "after": 0}),
        ("skipped", {}),
        ("failed", {}),
        ("only_thoughts", {}),
        ("truncated", {"after": 1}),
    ],
)
async def test_complaint_2_one_bad_conversation_costs_no_account(
    pool: Pool, kind: str, details: dict[str, int | str]
) -> None:
    accounts = ["one", "two", "three", "four"]
    await pool.channel(*accounts)
    for _ in range(4):
        before = len(asks(pool.emulator))
        pool.emulator.mishap(kind, times=100, **details)
        assert (await pool.ask("What nobody answers")).status in (400, 502)
        pool.emulator.mishaps.waiting.clear()
        assert len(asks(pool.emulator)) - before <= 3
        # Others have not to wait for it.
        assert (await pool.ask()).status == 200
    assert [told(await pool.row(name)) for name in accounts] == [("ready", "", 0)] * 4


async def test_complaint_3_a_dead_account_is_left_alone(pool: Pool, clock: ManualClock) -> None:
    await pool.channel("one", "two")
    pool.emulator.behaviour.cookie_seconds = 1e9
    pool.emulator.change(NewAccount(name="one", state="expired"))
    for _ in range(24 * 4):
        # Nobody notices, not even when it is tried once more.
        assert (await pool.ask()).status == 200
        clock.advance(15 * 60)
    counts = pool.emulator.truth.counts("one")
    # After 5 minutes, 10, 20, and so on up to 6 hours.
    assert 6 <= counts["mint"] <= 12
    assert counts.get("ask", 0) == 0
    row = await pool.row("one")
    assert (row.state, row.failures) == ("expired", counts["mint"])
    assert "expired" in row.reason


async def test_complaint_5_cookies_from_elsewhere_end_the_expiry(
    pool: Pool, clock: ManualClock
) -> None:
    await pool.channel("one")
    pool.emulator.change(NewAccount(name="one", state="expired"))
    assert (await pool.ask()).status == 503
    assert (await pool.row("one")).state == "expired"
    old = pool.emulator.account_file("one")
    pool.emulator.sign_in("one")
    fresh = pool.emulator.account_file("one")
    admin = await administrator(pool)
    # The old cookies once more are no news.
    assert await imported(pool, admin, old) == ["unchanged"]
    assert (await pool.row("one")).state == "expired"
    assert await imported(pool, admin, fresh) == ["updated"]
    clock.advance(2)
    assert (await pool.ask()).status == 200
    assert told(await pool.row("one")) == ("ready", "", 0)


async def test_defect_v_an_import_takes_nothing_away_and_has_nobody_twice(
    pool: Pool, clock: ManualClock
) -> None:
    await pool.channel("one", "two", wait=0)
    pool.emulator.mishap("refused", call="ask", code=429, account="one", retry_after=900)
    assert (await pool.ask()).status == 200
    assert (await pool.row("one")).state == "cooling"
    admin = await administrator(pool)
    files = [pool.emulator.account_file(name) for name in ("two", "three", "three")]
    assert await imported(pool, admin, *files) == ["unchanged", "added", "unchanged"]
    # The one that the file does not name is there, and rests as before.
    assert (await pool.row("one")).state == "cooling"
    clock.advance(2)
    for _ in range(4):
        assert (await pool.ask()).status == 200
    assert {*asks(pool.emulator)[2:]} == {"two", "three"}


async def test_complaint_24_questions_do_not_lengthen_a_rest(
    pool: Pool, clock: ManualClock
) -> None:
    await pool.channel("one", wait=0)
    pool.emulator.mishap("refused", call="ask", code=429, retry_after=600)
    waits = []
    for _ in range(10):
        answer = await pool.ask()
        assert answer.status == 429
        waits.append(int(answer.headers["retry-after"]))
        clock.advance(30)
    assert waits == sorted(waits, reverse=True)
    assert 600 - 310 <= waits[-1] <= 600 - 9 * 30
    assert len(asks(pool.emulator)) == 1
    clock.advance(waits[-1])
    assert (await pool.ask()).status == 200


async def test_complaint_25_being_limited_often_is_no_expiry(
    pool: Pool, clock: ManualClock
) -> None:
    await pool.channel("one", wait=0)
    for _ in range(5):
        pool.emulator.mishap("refused", call="ask", code=429, retry_after=60)
        assert (await pool.ask()).status == 429
        row = await pool.row("one")
        assert (row.state, row.failures, row.renewal_at) == ("cooling", 0, None)
        clock.advance(61)
    assert (await pool.ask()).status == 200
    assert told(await pool.row("one")) == ("ready", "", 0)


def test_complaint_26_the_operator_is_warned() -> None:
    page = (ROOT / "plugins/gemini_business/README.md").read_text()
    warning, _, rest = page.partition("```")
    assert "[!WARNING]" in warning
    assert "banned" in warning
    # Before anything that could be followed.
    assert "plugway channels add" in rest


async def administrator(pool: Pool) -> dict[str, str]:
    """Return the header of an administrator."""
    root = await pool.server.user("root", role="admin")
    return {"Authorization": f"Bearer {await pool.server.key(root)}"}


async def imported(pool: Pool, admin: dict[str, str], *files: str) -> list[str]:
    """Import accounts into the channel, and return what became of each."""
    body = {"channel": "main", "text": "\n".join(files)}
    path = "/api/admin/credentials/import"
    async with pool.client.post(path, json=body, headers=admin) as answer:
        assert answer.status == 200, await answer.text()
        return [one["outcome"] for one in (await answer.json())["items"]]
