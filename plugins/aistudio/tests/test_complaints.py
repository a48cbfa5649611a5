"""Complaints of those who use earlier systems (reference: "User pain points").

For each of them it is named what shows that it does not happen here. A test that is named and is
not there fails this one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
import pytest

from plugway_aistudio.settings import AIStudioSettings

TESTS = Path(__file__).parent
ROOT = Path(__file__).parents[3]

DRIVER = "page/test_driver.py"
FAILURES = "test_failures.py"
ROTATION = "test_rotation.py"
BREAKS_OFF = "test_an_answer_that_breaks_off_is_an_error_and_free"
IN_THE_WAY = "test_what_is_in_the_way_of_a_question_is_got_over"

#: By number of the complaint: files, and tests in them.
SHOWN: Mapping[int, tuple[tuple[str, str], ...]] = {
    # The page has finished, and the proxy waits to the longest time.
    1: (
        (DRIVER, "test_what_the_page_shows_and_its_address_do_not_matter"),
        (FAILURES, IN_THE_WAY),
        (FAILURES, BREAKS_OFF),
    ),
    # The answer is on the screen, and the log says that it waits; long ones are worse.
    2: (
        (DRIVER, "test_what_the_page_shows_and_its_address_do_not_matter"),
        ("test_chat_texts.py", "test_an_answer_of_megabytes"),
        ("test_chat_texts.py", "test_a_question_of_a_megabyte"),
    ),
    # A chat that gets an address of its own breaks the reading of its answer.
    3: (
        (DRIVER, "test_what_the_page_shows_and_its_address_do_not_matter"),
        ("capture/test_cuts.py", "test_an_address_that_only_changes_ends_nothing"),
    ),
    # The first words come long after the page has them.
    4: (
        ("test_chat.py", "test_the_first_words_come_while_the_page_still_speaks"),
        ("capture/test_answers.py", "test_pieces_come_while_the_answer_arrives"),
    ),
    # What is called a stream is the whole answer, cut into pieces.
    5: (
        ("test_chat.py", "test_the_first_words_come_while_the_page_still_speaks"),
        (DRIVER, "test_each_piece_comes_while_the_next_is_not_there_yet"),
    ),
    # The answer ends before the model's does, and nobody hears of it.
    6: (
        (FAILURES, BREAKS_OFF),
        ("wire/test_ending.py", "test_an_answer_without_a_finish_code_is_cut"),
    ),
    # The page looks otherwise, and the start says that its input is not visible.
    7: (
        ("page/test_check_command.py", "test_what_is_broken_is_named"),
        ("page/test_selectors.py", "test_an_own_selector_mends_what_has_a_new_name"),
        ("page/test_selectors.py", "test_what_is_missing_is_named_with_what_was_tried"),
    ),
    # A narrow window has no run settings, and the error says something else.
    8: (
        ("test_complaints.py", "test_complaint_8_no_window_is_narrow"),
        ("emulated/test_page.py", "test_a_narrow_page_has_no_run_settings"),
        ("test_chat.py", "test_settings_reach_the_upstream_and_none_is_left_over"),
    ),
    # Run stays disabled, and from then on every call fails.
    9: (
        (FAILURES, IN_THE_WAY),
        ("page/test_run.py", "test_a_button_that_stays_disabled_is_got_rid_of"),
        ("page/test_run.py", "test_one_that_stays_disabled_for_good_is_named"),
    ),
    # The answer is copied out of the page, which fails when its window is not visible.
    10: ((DRIVER, "test_what_the_page_shows_and_its_address_do_not_matter"),),
    # A quota that is used up: no clear error, no stop, no switch.
    11: (
        (ROTATION, "test_when_all_are_used_up_it_says_until_when"),
        (
            ROTATION,
            "test_a_quota_moves_the_question_to_the_next_profile_and_only_for_its_model",
        ),
        (
            "profiles/test_rounds.py",
            "test_the_list_shows_when_a_profile_that_is_used_up_has_quota_again",
        ),
    ),
    # One account lasts for an hour.
    12: (
        (
            ROTATION,
            "test_a_quota_moves_the_question_to_the_next_profile_and_only_for_its_model",
        ),
    ),
    # The profile is not saved after the sign-in.
    13: (
        ("profiles/test_login.py", "test_a_profile_is_stored_at_once_and_signed_in_again_updated"),
    ),
    # Functions are written into the text, and sometimes called.
    14: (
        ("test_chat_tools.py", "test_functions_reach_the_upstream_and_calls_the_client"),
        (
            "test_chat_tools.py",
            "test_a_schema_that_the_dialog_would_refuse_is_said_otherwise",
        ),
        ("test_chat_tools.py", "test_several_calls_that_are_the_same_are_several"),
    ),
    # A model that there is not breaks the worker.
    15: (
        ("test_chat_refused.py", "test_a_model_that_there_is_not_is_not_found"),
        (FAILURES, "test_a_page_that_keeps_another_model_is_not_asked"),
    ),
    # The service does not stop, or its browser goes on without it.
    16: (
        ("core:browser/test_orphans.py", "test_an_ordinary_end_leaves_nothing"),
        ("core:browser/test_orphans.py", "test_an_owner_may_be_killed_at_any_moment"),
        ("core:browser/test_orphans.py", "test_an_owner_that_is_told_to_end_leaves_nothing"),
    ),
    # The network breaks off.
    17: (
        (FAILURES, BREAKS_OFF),
        ("capture/test_cuts.py", "test_a_broken_connection"),
        ("capture/test_browsers.py", "test_each_profile_has_its_own_way"),
    ),
    # Something lies over the page, or its temporary chats are elsewhere.
    18: (
        ("page/test_new_chat.py", "test_what_covers_the_page_is_taken_away"),
        ("page/test_new_chat.py", "test_chats_are_temporary"),
        (FAILURES, IN_THE_WAY),
    ),
    # The browser grows.
    19: (("capture/test_growth.py", "test_many_answers_leave_nothing"),),
    # A browser that has crashed is not started again.
    20: (
        (DRIVER, "test_a_browser_that_is_killed_costs_one_answer"),
        (DRIVER, "test_a_crashed_page_costs_one_answer"),
        ("capture/test_browsers.py", "test_a_killed_browser_costs_one_answer"),
    ),
    # Run cannot be clicked at the start.
    21: (
        ("page/test_run.py", "test_a_button_that_is_slow_is_waited_for"),
        (FAILURES, IN_THE_WAY),
    ),
}

#: Those that are about no code, and what is done instead.
TOLD: Mapping[int, str] = {
    # The provider may ban an account; nothing in a program prevents that, so operators are told.
    22: "test_complaint_22_the_operator_is_warned",
}


def test_complaint_8_no_window_is_narrow() -> None:
    settings = AIStudioSettings()
    # Below some 900 pixels the page has no run settings.
    assert settings.width >= 1_024
    for width in (460, 900):
        with pytest.raises(msgspec.ValidationError, match="width"):
            msgspec.convert({"width": width}, AIStudioSettings)


def test_complaint_22_the_operator_is_warned() -> None:
    page = (TESTS.parent / "README.md").read_text()
    warning, _, rest = page.partition("```")
    assert "[!WARNING]" in warning
    assert "banned" in warning
    # Before anything that could be followed.
    assert "plugway channels add" in rest


def test_each_is_shown_or_told() -> None:
    assert {*SHOWN, *TOLD} == {*range(1, 23)}
    assert not {*SHOWN} & {*TOLD}


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file."""
    of_core = path.removeprefix("core:")
    file = TESTS / path if of_core == path else ROOT / "core/tests" / of_core
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, functions)
    )


@pytest.mark.parametrize("number", SHOWN)
def test_what_shows_it_is_there(number: int) -> None:
    for path, name in SHOWN[number]:
        assert name in named_in(path), f"{path} has no {name}"


@pytest.mark.parametrize("number", TOLD)
def test_what_tells_it_is_there(number: int) -> None:
    assert TOLD[number] in named_in("test_complaints.py")
