"""Complaints about earlier systems, and their defects (reference: "What users complain about").

For each of those that concern Flow it is named what shows that it does not happen here. A test
that is named and is not there fails this one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = Path(__file__).parents[3]

ANSWERS = "wire/test_answers.py"
BODIES = "wire/test_bodies.py"
COMMANDS = "commands/test_commands.py"
DEFECTS = "test_defects.py"
FAILURES = "making/test_failures.py"
IMAGES = "making/test_images.py"
MINTING = "accounts/test_minting.py"
REFUSAL = "wire/test_refusal.py"
ROUNDS = "accounts/test_rounds.py"
VIDEOS = "making/test_videos.py"
#: Below `core/tests`, and of the whole below `tests`.
POOL_STATES = "core:credentials/test_pool_states.py"
CREDENTIALS = "core:credentials/test_store.py"
SYSTEM = "whole:test_flow_system.py"
NODES = "whole:test_flow_nodes.py"
PACKAGES = "whole:test_sdk_flow.py"

#: By number of the complaint, or letter of the defect: files, and tests in them.
SHOWN: Mapping[int | str, tuple[tuple[str, str], ...]] = {
    # An answer without an image is a success.
    8: ((ANSWERS, "test_row_8_no_image_is_no_success"),),
    # The refresh "succeeds" and the token stays expired; the same old cookie is uploaded again.
    13: (
        (MINTING, "test_a_new_token_that_does_not_hold_is_not_believed"),
        (MINTING, "test_what_the_site_says_of_a_session_is_understood"),
        (MINTING, "test_cookies_that_are_exchanged_are_kept"),
        (ROUNDS, "test_a_dead_token_is_noticed_without_a_call_and_a_new_one_brings_it_back"),
        (SYSTEM, "test_nobody_needs_to_call_for_a_dead_account_to_be_noticed"),
    ),
    # The answers have another shape, all videos fail, and the credits are spent.
    14: (
        (ANSWERS, "test_row_14_submits_of_both_shapes_are_understood"),
        (IMAGES, "test_row_14_either_shape_is_found_and_remembered"),
        (VIDEOS, "test_row_14_videos_of_both_shapes_are_made"),
        (FAILURES, "test_row_14_what_may_be_under_way_is_not_asked_for_again"),
    ),
    # A success without a URL is a failure.
    15: (
        (ANSWERS, "test_row_15_success_without_a_url_is_a_success"),
        (VIDEOS, "test_row_15_a_video_without_any_link_comes_as_text"),
    ),
    # The client's time is over, and the job is cancelled.
    16: (
        (FAILURES, "test_row_16_a_client_that_leaves_does_not_lose_its_video"),
        (SYSTEM, "test_a_stream_that_the_client_leaves_goes_on_as_a_task"),
        (SYSTEM, "test_who_does_not_stream_waits_so_long_and_gets_the_task"),
        (NODES, "test_a_kill_loses_no_video_and_nothing_is_asked_for_twice"),
    ),
    # The upstream's reason is hidden.
    17: (
        (REFUSAL, "test_row_17_the_upstreams_reason_is_shown"),
        (FAILURES, "test_row_17_a_model_that_is_gone_is_told_in_the_upstreams_words"),
    ),
    # What is kept is handed out by the upstream's URL, which ends soon.
    18: (
        (IMAGES, "test_row_18_an_image_is_kept_and_paid_for"),
        (PACKAGES, "test_images_by_their_bytes_and_by_their_place"),
        (PACKAGES, "test_chats_of_openai"),
        ("core:media/test_links.py", "test_a_link_works_until_its_time_is_over"),
    ),
    # Images and videos are to be made larger.
    19: (
        (BODIES, "test_row_19_larger_images_and_videos"),
        (IMAGES, "test_row_19_an_image_is_made_larger"),
        (VIDEOS, "test_row_19_a_video_is_made_larger_once"),
    ),
    # A challenge is demanded. None is solved here: it is said, and the account is tried later.
    20: (
        (BODIES, "test_row_20_no_challenge_token_is_made_up"),
        (FAILURES, "test_row_20_a_challenge_is_named_and_the_account_comes_back"),
    ),
    # An account has moved to another service, and the error blames something else.
    21: (
        (REFUSAL, "test_row_21_redirects_of_the_api_tell_of_a_move"),
        (FAILURES, "test_row_21_an_account_that_has_moved_is_named"),
        (ROUNDS, "test_a_dead_token_is_noticed_without_a_call_and_a_new_one_brings_it_back"),
    ),
    # 403 and 429 although little is asked, and no rest.
    22: (
        (REFUSAL, "test_row_22_a_challenge_is_no_traffic_and_traffic_no_challenge"),
        (FAILURES, "test_row_22_traffic_rests_an_account_and_another_one_goes_on"),
    ),
    # An account is there twice, or can never be imported again, or an import stops at it.
    23: (
        (ROUNDS, "test_nobody_has_an_account_twice_whatever_its_token_is"),
        (COMMANDS, "test_accounts_are_taken_over_listed_and_looked_at"),
        (CREDENTIALS, "test_a_new_secret_of_a_known_account_replaces_the_old_one"),
        (CREDENTIALS, "test_an_account_that_was_removed_is_added_again"),
    ),
    # A rest is not the upstream's, grows with each try, and cannot be ended by hand.
    24: (
        (PACKAGES, "test_what_the_upstream_refuses_is_free"),
        (POOL_STATES, "test_how_long_it_rests"),
        (POOL_STATES, "test_a_429_is_no_failure"),
        (POOL_STATES, "test_the_operator_clears_everything"),
    ),
    # What is limited is taken for dead, and there is no way to look at it again.
    25: (
        (POOL_STATES, "test_a_429_is_no_failure"),
        (POOL_STATES, "test_a_test_that_works_ends_what_a_refusal_began"),
        (COMMANDS, "test_accounts_are_taken_over_listed_and_looked_at"),
    ),
    # A sudden 403 of paid accounts: they rest, and come back by themselves. Bans are told of.
    26: (
        (FAILURES, "test_row_20_a_challenge_is_named_and_the_account_comes_back"),
        ("test_complaints.py", "test_complaint_26_the_operator_is_warned"),
    ),
    # The proxy is never used.
    "m": ((DEFECTS, "test_m_the_proxy_is_used_for_everything"),),
    # Tokens of the settings are outside the pool.
    "n": ((DEFECTS, "test_n_o_all_tokens_are_in_one_pool_and_removed_ones_are_not_used"),),
    # Removed tokens are still used.
    "o": ((DEFECTS, "test_n_o_all_tokens_are_in_one_pool_and_removed_ones_are_not_used"),),
    # Parallel calls share one token.
    "p": (
        (SYSTEM, "test_calls_at_once_spread_over_the_accounts"),
        (NODES, "test_what_accounts_may_have_is_shared_and_either_node_knows_all_videos"),
    ),
    # A stream that fails says nothing.
    "q": ((DEFECTS, "test_q_a_stream_that_fails_says_why"),),
    # An access token that is refused is not renewed.
    "r": (
        (DEFECTS, "test_r_a_refused_access_token_is_made_anew_once"),
        (FAILURES, "test_an_access_token_that_was_taken_back_is_made_anew"),
    ),
    # There is a password and a key that everybody knows.
    "w": ((DEFECTS, "test_w_nobody_is_let_in_by_default"),),
    # Requests and raw answers are logged.
    "x": (
        (DEFECTS, "test_x_no_log_has_prompts_answers_or_cookies"),
        (FAILURES, "test_no_secret_is_told_or_kept"),
    ),
}


def test_complaint_26_the_operator_is_warned() -> None:
    page = (TESTS.parent / "README.md").read_text()
    warning, _, rest = page.partition("```")
    assert "[!WARNING]" in warning
    assert "accounts that are used through gateways have been blocked" in " ".join(
        warning.replace(">", " ").split()
    )
    # Before anything that could be followed.
    assert "plugway channels add" in rest


def test_each_is_shown() -> None:
    assert {*SHOWN} == {8, *range(13, 27), *"mnopqrwx"}


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file."""
    part, colon, name = path.partition(":")
    folders = {"core": ROOT / "core/tests", "whole": ROOT / "tests"}
    file = folders[part] / name if colon else TESTS / path
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, functions)
    )


@pytest.mark.parametrize("complaint", SHOWN)
def test_what_shows_it_is_there(complaint: int | str) -> None:
    for path, name in SHOWN[complaint]:
        assert name in named_in(path), f"{path} has no {name}"
