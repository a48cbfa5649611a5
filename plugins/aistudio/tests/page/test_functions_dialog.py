"""Functions, entered in the page's own dialog."""

from __future__ import annotations

import json

import pytest
from aistudio_page import Desk

from plugway import BadRequest

pytestmark = pytest.mark.anyio

WEATHER = json.dumps(
    [
        {
            "name": "weather",
            "description": "Says how the weather is.",
            "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
        }
    ]
)
TIME = json.dumps([{"name": "time"}])


def names(studio: Desk) -> list[str]:
    """Return the functions that the service got."""
    return [each["name"] for each in studio.asked.functions]


async def test_functions_reach_the_service_and_are_gone_with_the_next(either: Desk) -> None:
    for _ in range(2):
        await either.ask(functions=WEATHER)
        assert names(either) == ["weather"]
        assert either.asked.functions[0]["parameters"]["properties"] == {
            "place": {"type": "string"}
        }
    await either.ask(functions=TIME)
    assert names(either) == ["time"]
    await either.ask()
    assert names(either) == []
    await either.ask(functions=WEATHER)
    assert names(either) == ["weather"]


async def test_the_same_functions_are_not_entered_twice(studio: Desk) -> None:
    opened = """() => { window.opened = 0; new MutationObserver((changes) => {
        for (const change of changes) for (const node of change.addedNodes)
            if (node.textContent.includes('Function declarations')) window.opened += 1;
    }).observe(document.body, {childList: true, subtree: true}); }"""
    await studio.ask(functions=WEATHER)
    await studio.driver.open()
    page = studio.driver.page
    assert page is not None
    await page.evaluate(opened)
    await studio.ask(functions=WEATHER)
    assert names(studio) == ["weather"]
    assert await page.evaluate("window.opened") == 0
    await studio.ask(functions=TIME)
    assert await page.evaluate("window.opened") == 1


async def test_what_the_dialog_does_not_take_is_told_in_its_words(studio: Desk) -> None:
    wrong = json.dumps([{"name": "f", "parameters": {"type": "object", "$ref": "#/x"}}])
    with pytest.raises(BadRequest, match=r"does not take these: .*\$ref") as caught:
        await studio.submit(functions=wrong)
    assert caught.value.field == "functions"
    await studio.ask(functions=TIME)
    assert names(studio) == ["time"]
    await studio.ask()
    assert names(studio) == []
