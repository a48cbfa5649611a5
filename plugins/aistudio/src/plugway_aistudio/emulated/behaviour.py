"""How the emulated service and its page behave as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from plugway_aistudio.emulated.sparse import Nulls

#: What the named elements of the page are for, as `website/names.js` calls it.
Purpose = Literal[
    "prompt",
    "run",
    "model_name",
    "system_open",
    "system",
    "system_close",
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "stop_remove",
    "thinking",
    "budget_manual",
    "budget",
    "level",
    "tools_panel",
    "advanced_panel",
    "search",
    "url_context",
    "code_execution",
    "functions",
    "functions_edit",
    "functions_tab",
    "functions_text",
    "functions_save",
    "functions_reset",
    "new_chat",
    "discard",
    "more_actions",
    "temporary",
    "temporary_on",
    "add_media",
    "upload_item",
    "turn",
    "edit",
    "toast",
    "callout",
]

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]


class Behaviour(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Says how the service and its page behave; each field can be set at any time.

    Attributes:
        layout: Names of the page's elements: the newest or older ones (reference: "Selectors").
        renamed: Purposes whose element has a name that nobody knows; see `website/names.js`.
        temporary_in: Where the switch of temporary chats is: the bar, or the menu of it.
        temporary_stays: A new chat is temporary when the one before was.
        autosave_seconds: From Run until a chat that is not temporary has an address of its own.
        upload_seconds: Until an attached file is ready.
        narrow: Width of the page, pixels, below which it has no run settings.
        pause: Seconds before each frame of an answer that was not written down.
        gzip: Answers are compressed for browsers that take it.
        nulls: How nulls are written in answers.
        guarded_list: The list of models begins with `)]}'`.
        trailer: Something follows the frames within an answer's array.
    """

    layout: Literal["new", "old"] = "new"
    renamed: frozenset[Purpose] = frozenset()
    temporary_in: Literal["bar", "menu"] = "bar"
    temporary_stays: bool = False
    autosave_seconds: Seconds = 0.5
    upload_seconds: Seconds = 0.05
    narrow: Annotated[int, msgspec.Meta(ge=0)] = 900
    pause: Seconds = 0.0
    gzip: bool = True
    nulls: Nulls = "mixed"
    guarded_list: bool = True
    trailer: bool = True

    def change(self, fields: bytes) -> None:
        """Set fields.

        Args:
            fields: JSON of those to set, and no others.

        Raises:
            msgspec.ValidationError: One is not known, or cannot be so.
        """
        merged = {**msgspec.to_builtins(self), **msgspec.json.decode(fields, type=dict[str, Any])}
        changed = msgspec.convert(merged, Behaviour)
        for name in self.__struct_fields__:
            setattr(self, name, getattr(changed, name))
