"""What the operator can set for the whole plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from plugway import RESTART, SettingsTable


class AIStudioSettings(SettingsTable, frozen=True, kw_only=True):
    """Sets the browser, the models and the keys.

    Attributes:
        driver: How AI Studio is asked. `page`: its page is driven as a person would; `relay`: an
            applet of the operator's own, opened in a page, sends requests to the API.
        engine: Which browser: `chromium`, the machine's; `camoufox`, of the extra of that name.
        visible: Show the browser's windows.
        width: Width of the page, pixels; a narrow one has no run settings.
        height: Height of the page, pixels.
        capture: How the answer is read inside the browser: `cdp`: by its debugging protocol;
            `script`: by a script in the page; `auto`: the first where the engine has it.
        pages: Most pages that are open at once; the one unused longest is closed for another.
        idle_seconds: Seconds after which a page that nobody uses is closed.
        page_requests: Requests after which a page is opened anew; 0: never.
        excluded_models: Models of the page's list that are not served.
        ignore: Parameters that the page cannot set and that are passed over, named in a header,
            instead of being refused: any of `seed` and `top_k`.
        tariffs: Keys of prices by model; a model that is not here has those of its family.
        selectors: Selectors of the page by name, tried before those built in.
        profiles: Folder with `active` and `saved` profiles, in the home directory if it is
            not absolute; empty: none is read.
        key_file: File with old keys, one a line, in the home directory if it is not absolute.
        key_user: User whose keys those are; empty: the file is not read.
    """

    driver: Annotated[Literal["page", "relay"], RESTART] = "page"
    engine: Annotated[Literal["chromium", "camoufox"], RESTART] = "chromium"
    visible: Annotated[bool, RESTART] = False
    width: Annotated[int, msgspec.Meta(ge=1_024, le=7_680)] = 1_440
    height: Annotated[int, msgspec.Meta(ge=600, le=4_320)] = 900
    capture: Annotated[Literal["auto", "cdp", "script"], RESTART] = "auto"
    pages: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8
    idle_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 1_800.0
    page_requests: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 2_000
    excluded_models: tuple[str, ...] = ()
    ignore: tuple[Literal["seed", "top_k"], ...] = ()
    tariffs: Mapping[str, str] = msgspec.field(default_factory=dict)
    selectors: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    profiles: Annotated[str, RESTART] = "auth_profiles"
    key_file: Annotated[str, RESTART] = "key.txt"
    key_user: str = ""
