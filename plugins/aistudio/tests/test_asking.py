"""What the page is asked, and what is refused before it is."""

from __future__ import annotations

from typing import Any

import pytest

from plugway import BadRequest, ChatRequest, Message, Reasoning, Text, Tool, ToolChoice
from plugway_aistudio import asking
from plugway_aistudio.question import Thinking
from plugway_aistudio.wire.listing import Listed

TOOL = Tool(name="look", description="Looks.", parameters={"type": "object"})
PLAIN = Listed(id="plain", output_limit=100)
ABLE = Listed(id="able", thinking=True, budget=True, functions=True, search=True)
ALWAYS = Listed(id="always", budget=True)
LEVELS = Listed(id="levels", level=True, levels=("low", "high"))


def request(**fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),), **fields)


@pytest.mark.parametrize(
    ("model", "fields", "given", "named"),
    [
        (ABLE, {"seed": 1}, {"seed": "seed"}, "seed"),
        (ABLE, {"top_k": 1}, {"top_k": "topK"}, "topK"),
        (ABLE, {"tools": (TOOL,), "tool_choice": ToolChoice(mode="required")}, {}, "tool_choice"),
        (ABLE, {"tools": (TOOL,), "tool_choice": ToolChoice(names=("look",))}, {}, "tool_choice"),
        (ABLE, {"tools": (TOOL,), "search": True}, {"search": "web_search_options"}, "web_search"),
        (PLAIN, {"search": True}, {}, "search"),
        (PLAIN, {"reasoning": Reasoning()}, {"reasoning": "reasoning_effort"}, "reasoning_effort"),
        (ALWAYS, {"reasoning": Reasoning(effort="none")}, {}, "reasoning"),
        (LEVELS, {"reasoning": Reasoning(budget=0)}, {"reasoning": "thinking"}, "thinking"),
    ],
)
def test_what_the_page_cannot_do_is_refused_by_the_client_s_own_name(
    model: Listed, fields: dict[str, Any], given: dict[str, str], named: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        asking.check(request(given=given, **fields), model, frozenset())
    assert caught.value.field is not None
    assert caught.value.field.startswith(named)
    assert caught.value.message.startswith(caught.value.field)


def test_functions_that_cannot_be_said_are_refused_before_anybody_waits() -> None:
    odd = Tool(name="look", parameters={"type": "string"})
    with pytest.raises(BadRequest, match=r"^tools: look: "):
        asking.check(request(tools=(odd,)), ABLE, frozenset())


def test_a_text_that_no_page_would_send_is_refused() -> None:
    small = Listed(id="small", input_limit=10)
    fits = ChatRequest(model="m", messages=(Message("user", (Text("x" * 80),)),))
    asking.check(fits, small, frozenset())
    too_long = ChatRequest(model="m", messages=(Message("user", (Text("x" * 81),)),))
    with pytest.raises(BadRequest, match="small takes 10 tokens"):
        asking.check(too_long, small, frozenset())


def test_what_the_operator_wants_passed_over_is_not_refused() -> None:
    asking.check(request(seed=1, top_k=2), ABLE, frozenset({"seed", "top_k"}))
    # Functions that must not be called are no functions.
    asking.check(
        request(tools=(TOOL,), tool_choice=ToolChoice(mode="none"), search=True), ABLE, frozenset()
    )


def test_a_question_has_what_was_asked_and_nothing_else() -> None:
    question = asking.question_of(request(), PLAIN)
    assert (question.model, question.text, question.system) == ("plain", "Hi", "")
    assert question.temperature is question.top_p is question.max_tokens is None
    assert (question.search, question.functions, question.stop) == (False, "", ())
    assert question.thinking is None
    question = asking.question_of(
        request(temperature=0.1, top_p=0.2, max_tokens=1_000, stop=("END",)), PLAIN
    )
    # No page takes more than its model has.
    assert (question.temperature, question.top_p, question.max_tokens) == (0.1, 0.2, 100)
    assert question.stop == ("END",)


def test_the_page_gets_the_stop_texts_that_it_keeps_as_they_are() -> None:
    stop = ("END", "\n\n", " ", "a\r\nb", " END", "two words", "3", "4", "5", "6")
    question = asking.question_of(request(stop=stop), PLAIN)
    assert question.stop == ("END", "two words", "3", "4", "5")


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("thinking", "reasoning_effort"),
        ("functions", "tools"),
        ("files", "contents"),
        ("top_p", "topP"),
        ("contents", "contents"),
    ],
)
def test_what_the_page_does_not_take_is_named_as_the_client_spells_it(
    field: str, named: str
) -> None:
    given = {"reasoning": "reasoning_effort", "messages": "contents", "top_p": "topP"}
    with pytest.raises(BadRequest) as caught, asking.spelt(request(given=given)):
        raise BadRequest(f"{field}: AI Studio's page does not take this", field=field)
    assert caught.value.field == named
    assert caught.value.message == f"{named}: AI Studio's page does not take this"


def test_what_names_no_field_stays_as_it_is() -> None:
    with pytest.raises(BadRequest, match=r"^The upstream refused\.$"), asking.spelt(request()):
        raise BadRequest("The upstream refused.")


def test_functions_are_declared_unless_they_must_not_be_called() -> None:
    assert '"look"' in asking.question_of(request(tools=(TOOL,)), ABLE).functions
    never = request(tools=(TOOL,), tool_choice=ToolChoice(mode="none"))
    assert asking.question_of(never, ABLE).functions == ""


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        (ABLE, Reasoning(effort="none"), Thinking(on=False)),
        (ABLE, Reasoning(budget=0), Thinking(on=False)),
        (ABLE, Reasoning(effort="low"), Thinking(budget=4_096)),
        (ABLE, Reasoning(effort="high"), Thinking(budget=24_576)),
        (ABLE, Reasoning(budget=100), Thinking(budget=100)),
        (LEVELS, Reasoning(effort="low"), Thinking(level="low")),
        (LEVELS, Reasoning(effort="medium"), Thinking(level="high")),
        (LEVELS, Reasoning(budget=5_000), Thinking(level="high")),
        (LEVELS, Reasoning(budget=99_999), Thinking(level="high")),
        (Listed(id="m", thinking=True), Reasoning(effort="high"), Thinking()),
        (ALWAYS, Reasoning(effort="low"), Thinking(budget=4_096)),
        (Listed(id="m", level=True), Reasoning(effort="medium"), Thinking(level="medium")),
        (PLAIN, Reasoning(effort="none"), None),
    ],
)
def test_how_much_to_think_is_said_as_the_model_takes_it(
    model: Listed, reasoning: Reasoning, thinking: Thinking | None
) -> None:
    assert asking.thinking_of(reasoning, model) == thinking
