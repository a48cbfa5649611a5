"""The parts of the page as data: for each what it is for, and the ways to find it.

Nothing else in the plugin names an element of the page. What changes there is mended here, or
by the operator in `plugins.aistudio.selectors` without a new release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from plugway import ConfigurationError
from plugway_aistudio.page.purpose import Need, Purpose, Selector

#: Source of those that are not in the reference: what the framework's parts are built of.
_MATERIAL = "Angular Material"

_SELECTORS = "reference: Selectors"
_FUNCTIONS = "reference: Selectors, function calling"
_ACTIONS = "reference: How actions are done"


def _part(
    name: str,
    need: Need,
    *ways: str,
    source: str = _SELECTORS,
    within: str = "",
    hidden: bool = False,
    note: str = "",
) -> Purpose:
    return Purpose(
        name=name,
        need=need,
        selectors=tuple([Selector.read(way, source) for way in ways]),
        within=within,
        hidden=hidden,
        note=note,
    )


#: All parts, in the order in which a person meets them.
PURPOSES: tuple[Purpose, ...] = (
    _part(
        "prompt",
        "always",
        "textarea.textarea",
        "ms-autosize-textarea textarea",
        "ms-chunk-input textarea",
        'ms-prompt-box textarea[aria-label="Enter a prompt"]',
        "ms-prompt-input-wrapper textarea",
    ),
    _part(
        "run",
        "always",
        'ms-run-button button[type="submit"]',
        'button[aria-label="Run"].run-button',
    ),
    _part(
        "stop",
        "moment",
        'button[aria-label="Stop generating"]',
        'ms-run-button button[type="submit"]:has-text("Stop")',
        'button.run-button:has-text("Stop")',
        note="while an answer comes",
    ),
    _part(
        "model_name",
        "always",
        '[data-test-id="model-name"]',
        ".model-selector-card .title",
    ),
    # System instructions.
    _part(
        "system_open",
        "maybe",
        'button[data-test-system-instructions-card="true"]',
        'button[aria-label="System instructions"]',
        source="the label of the text, on a button",
        note="layouts that hide the text behind a button",
    ),
    _part(
        "system_text",
        "always",
        'textarea[aria-label="System instructions"]',
        within="system_open",
    ),
    _part(
        "system_close",
        "maybe",
        'ms-system-instructions-panel button[aria-label="Close panel"]',
        'button[aria-label="Close system instructions"]',
        'button[aria-label="Close panel"]',
        source=_MATERIAL,
        note="layouts that hide the text behind a button",
    ),
    # Run settings.
    _part(
        "temperature",
        "always",
        'ms-slider input[type="number"][max="2"]',
        'input.slider-number-input[aria-valuemax="2"]',
    ),
    _part(
        "advanced_panel",
        "maybe",
        'button[aria-label="Expand or collapse advanced settings"]',
        note="layouts that fold the settings",
    ),
    _part(
        "top_p",
        "always",
        'ms-slider input[type="number"][max="1"]',
        'input.slider-number-input[aria-valuemax="1"]',
        within="advanced_panel",
    ),
    _part(
        "max_tokens",
        "always",
        'input[aria-label="Maximum output tokens"]',
        within="advanced_panel",
    ),
    _part(
        "stop_add",
        "always",
        'input[aria-label="Add stop token"]',
        within="advanced_panel",
    ),
    _part(
        "stop_chip",
        "moment",
        "mat-chip:has(button.remove-button)",
        "mat-chip-row:has(button.remove-button)",
        source="around the button that removes it",
        within="advanced_panel",
        note="while there are stop texts",
    ),
    _part(
        "stop_remove",
        "moment",
        'mat-chip button.remove-button[aria-label*="Remove"]',
        'mat-chip-row button.remove-button[aria-label*="Remove"]',
        within="advanced_panel",
        note="while there are stop texts",
    ),
    _part(
        "thinking_switch",
        "model",
        'button[role="switch"][aria-label="Toggle thinking mode"]',
        '[data-test-toggle="enable-thinking"] button',
        '[data-test-toggle="enable-thinking"]',
        note="models that can think or not",
    ),
    _part(
        "budget_switch",
        "model",
        'button[aria-label="Toggle thinking budget between auto and manual"]',
        '[aria-label="Toggle thinking budget between auto and manual"] button',
        '[aria-label="Toggle thinking budget between auto and manual"]',
        note="models with a budget for thinking",
    ),
    _part(
        "budget",
        "model",
        '[data-test-id="user-setting-budget-animation-wrapper"] input[type="number"]',
        within="budget_switch",
        note="models with a budget for thinking, while it is set by hand",
    ),
    _part(
        "thinking_level",
        "model",
        'mat-select[aria-label="Thinking Level"]',
        note="models with levels of thinking",
    ),
    _part(
        "level_option",
        "moment",
        '[role="listbox"] [role="option"]',
        '[role="option"]',
        within="thinking_level",
        note="while the list of levels is open",
    ),
    # Tools.
    _part(
        "tools_panel",
        "maybe",
        'button[aria-label="Expand or collapse tools"]',
        note="layouts that fold the settings",
    ),
    _part(
        "search",
        "model",
        '[data-test-id="searchAsAToolTooltip"] mat-slide-toggle button',
        '[data-test-id="searchAsAToolTooltip"] [role="switch"]',
        within="tools_panel",
        note="models that can search",
    ),
    _part(
        "url_context",
        "model",
        'button[aria-label="Browse the url context"]',
        within="tools_panel",
        note="models that can read addresses",
    ),
    _part(
        "code_execution",
        "model",
        '[data-test-id="codeExecutionTooltip"] mat-slide-toggle button',
        '[data-test-id="codeExecutionTooltip"] [role="switch"]',
        'button[role="switch"][aria-label="Code execution"]',
        source="by the pattern of the other tools; no project names it",
        within="tools_panel",
        note="models that can run code",
    ),
    _part(
        "functions_switch",
        "model",
        '[data-test-id="functionCallingTooltip"] mat-slide-toggle button',
        '[data-test-id="functionCallingTooltip"] [role="switch"]',
        source=_FUNCTIONS,
        within="tools_panel",
        note="models that can call functions",
    ),
    _part(
        "functions_edit",
        "model",
        "button.edit-function-declarations-button",
        ".edit-function-declarations-button",
        source=_FUNCTIONS,
        within="tools_panel",
        note="models that can call functions, while that is on",
    ),
    _part(
        "functions_tab",
        "maybe",
        '[role="tab"]:has-text("Code Editor")',
        'button:has-text("Code Editor")',
        source=_FUNCTIONS,
        within="functions_edit",
        note="while the dialog for functions is open",
    ),
    _part(
        "functions_text",
        "moment",
        "ms-text-editor textarea",
        source=_FUNCTIONS,
        within="functions_tab",
        note="while the dialog for functions is open",
    ),
    _part(
        "functions_save",
        "moment",
        'button[aria-label="Save the current function declarations"]',
        source=_FUNCTIONS,
        within="functions_edit",
        note="while the dialog for functions is open",
    ),
    _part(
        "functions_reset",
        "maybe",
        'button[aria-label="Reset the current function declarations"]',
        'button[aria-label*="Reset"][aria-label*="function declarations"]',
        source=_FUNCTIONS,
        within="functions_edit",
        note="while the dialog for functions is open",
    ),
    _part(
        "functions_close",
        "maybe",
        'mat-dialog-container button[aria-label="Close"]',
        'mat-dialog-container button[aria-label*="Close"]',
        "mat-dialog-container button[mat-dialog-close]",
        source=_MATERIAL,
        within="functions_edit",
        note="while the dialog for functions is open",
    ),
    _part(
        "functions_error",
        "moment",
        'mat-dialog-container [role="alert"]',
        "mat-dialog-container .error-message",
        "mat-dialog-container mat-error",
        source=_MATERIAL,
        within="functions_edit",
        note="while the dialog does not take the functions",
    ),
    # Chats.
    _part(
        "new_chat",
        "always",
        'button[data-test-clear="outside"][aria-label="New chat"]',
        'button[aria-label="New chat"]',
        'a[aria-label="New chat"]',
    ),
    _part(
        "discard",
        "moment",
        'button.ms-button-primary:has-text("Discard and continue")',
        'button:has-text("Discard and continue")',
        note="while the page asks whether to leave a chat",
    ),
    _part(
        "turn",
        "moment",
        "ms-chat-turn",
        note="in a chat that has begun",
    ),
    _part(
        "temporary",
        "maybe",
        "button[data-test-incognito-toggle]",
        'button[aria-label="Temporary chat toggle"]',
        note="on the page, or in the menu of more actions",
    ),
    _part(
        "more_actions",
        "maybe",
        'button[aria-label="View more actions"]',
        note="layouts with temporary chats in a menu",
    ),
    _part(
        "temporary_on",
        "moment",
        "ms-incognito-mode-indicator",
        "[data-test-incognito-checkmark]",
        note="in temporary chats",
    ),
    # Files.
    _part(
        "add_media",
        "always",
        'button[data-test-id="add-media-button"]',
        'button[aria-label^="Insert assets"]',
    ),
    _part(
        "upload_item",
        "moment",
        '[role="menuitem"]:has-text("Upload a file")',
        '[role="menuitem"]:has-text("Upload File")',
        'button[aria-label="Upload File"]',
        within="add_media",
        note="in the menu for media",
    ),
    _part(
        "file_input",
        "moment",
        '[role="menuitem"] input[type="file"]',
        'input[type="file"]',
        within="add_media",
        hidden=True,
        note="in the menu for media",
    ),
    _part(
        "attachment",
        "moment",
        "ms-prompt-media .thumb",
        "ms-prompt-box ms-prompt-media img",
        "ms-chunk-input ms-image-chunk",
        source="no project names it; to be checked against the live page",
        note="while a file is attached",
    ),
    _part(
        "uploading",
        "moment",
        "ms-prompt-media mat-progress-spinner",
        "ms-prompt-media mat-progress-bar",
        'ms-prompt-media [role="progressbar"]',
        source=_MATERIAL,
        note="while a file is uploaded",
    ),
    # What is in the way, and what the page says.
    _part(
        "agree",
        "moment",
        '[role="dialog"] button:has-text("Agree")',
        '[role="dialog"] button:has-text("I accept")',
        '.mat-mdc-dialog-inner-container button:has-text("Acknowledge")',
        '.mat-mdc-dialog-inner-container button:has-text("Continue")',
        '.mat-mdc-dialog-inner-container button:has-text("Got it")',
        '.mat-mdc-dialog-inner-container button:has-text("OK")',
        source=_ACTIONS,
        note="while the page wants consent",
    ),
    _part(
        "overlay",
        "moment",
        ".cdk-overlay-container .cdk-overlay-backdrop-showing",
        ".cdk-overlay-container .cdk-overlay-backdrop",
        ".mat-mdc-dialog-inner-container",
        source=_ACTIONS,
        note="while a dialog or a menu is open",
    ),
    _part(
        "survey",
        "moment",
        "#google-hats-survey",
        'iframe[id*="google-hats-survey"]',
        'iframe[src*="google-hats-survey"]',
        source=_ACTIONS,
        note="while the page asks how one likes it",
    ),
    _part("toast", "moment", "div.toast.error", "div.toast.warning", note="when something fails"),
    _part(
        "callout",
        "moment",
        "ms-callout.error-callout .message",
        "ms-callout.warning-callout .message",
        "ms-callout.warning-callout",
        note="when something fails",
    ),
)


class Selectors:
    """Holds the parts with the operator's own ways to find them.

    Example:
        >>> Selectors({"run": ("button.go",)})["run"].selectors[0].css
        'button.go'
    """

    def __init__(self, own: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """Take the operator's selectors.

        Args:
            own: By name of the part; tried before those built in.

        Raises:
            ConfigurationError: There is no such part, or it is no selector.
        """
        own = own or {}
        names = {one.name for one in PURPOSES}
        for name in own:
            if name not in names:
                raise ConfigurationError(
                    f"plugins.aistudio.selectors: the page has no part {name!r}; "
                    f"there are {', '.join(sorted(names))}",
                    field=f"selectors.{name}",
                )
        self._parts: dict[str, Purpose] = {}
        for one in PURPOSES:
            self._parts[one.name] = _with(one, own.get(one.name, ()))

    def __getitem__(self, name: str) -> Purpose:
        return self._parts[name]

    def __iter__(self) -> Iterator[Purpose]:
        return iter(self._parts.values())

    def plain(self) -> dict[str, list[list[str]]]:
        """Return what the script in the page takes: CSS and text, by name of the part."""
        return {
            one.name: [[way.css, way.text] for way in one.selectors] for one in self._parts.values()
        }


def _with(part: Purpose, own: tuple[str, ...]) -> Purpose:
    if not own:
        return part
    ways: list[Selector] = []
    for written in own:
        try:
            ways.append(Selector.read(written, "plugins.aistudio.selectors"))
        except ConfigurationError as error:
            raise ConfigurationError(
                f"plugins.aistudio.selectors.{part.name}: {error.message}",
                field=f"selectors.{part.name}",
            ) from None
    return msgspec.structs.replace(part, selectors=(*ways, *part.selectors))
