"""Voices and elements that are everybody's, and the end of one's own."""

from __future__ import annotations

from typing import Any

from plugway_kling.emulated.belongings import ELEMENTS, VOICES
from plugway_kling.emulated.call import Call, Way, Ways
from plugway_kling.emulated.legacy import paged
from plugway_kling.emulated.refusals import missing
from plugway_kling.emulated.rules import Field, examine, given, long_id


class Library:
    """Answers for presets and deletes."""

    def ways(self) -> Ways:
        """Yield what it answers."""
        yield Way("GET", "/v1/general/presets-voices", self.voices)
        yield Way("GET", "/v1/general/advanced-presets-elements", self.elements)
        yield Way("POST", "/v1/general/delete-voices", self.delete_voice)
        yield Way("POST", "/v1/general/delete-elements", self.delete_element)
        yield Way("POST", "/v1/general/delete-advanced-elements", self.delete_element)

    def voices(self, call: Call) -> list[dict[str, Any]]:
        """List everybody's voices."""
        voices = [
            {"voice_id": id_, "voice_name": name, "owned_by": "kling"}
            for id_, name in VOICES.items()
        ]
        return [_preset("voices", voice) for voice in paged(voices, call.query, 1_000)]

    def elements(self, call: Call) -> list[dict[str, Any]]:
        """List everybody's elements."""
        elements = [
            {"element_id": int(id_), "element_name": name, "owned_by": "kling"}
            for id_, name in ELEMENTS.items()
        ]
        return [_preset("elements", element) for element in paged(elements, call.query, 500)]

    def delete_voice(self, call: Call) -> dict[str, Any]:
        """Delete a voice of one's own."""
        return _delete(call, "voice_id", call.account.voices)

    def delete_element(self, call: Call) -> dict[str, Any]:
        """Delete an element of one's own."""
        return _delete(call, "element_id", call.account.elements)


def _preset(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "task_id": str(item.get("voice_id", item.get("element_id"))),
        "task_status": "succeed",
        "task_result": {name: [item]},
    }


def _delete(call: Call, field: str, owned: dict[str, dict[str, Any]]) -> dict[str, Any]:
    body = given(call.body())
    examine(body, (Field(field, long_id, needed=True),))
    id_ = str(body[field])
    if owned.pop(id_, None) is None:
        raise missing(f"{field} {id_}")
    return {field: body[field], "task_status": "succeed"}
