"""The upstream as operators configure it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from plugway import ANY, Departure, PooledChannelSettings, Provider

#: Name of the provider.
NAME = "aistudio"

#: Name of its kind of credential.
PROFILE = "aistudio_profile"

#: The official page (reference: "Parts").
BASE = "https://aistudio.google.com"

_Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class AIStudioChannel(PooledChannelSettings, frozen=True, kw_only=True):
    """Sets one channel; each of its credentials is a profile, and has one page at a time.

    Attributes:
        applet: Path of an applet of the operator's own, such as `/apps/…`, for the driver `relay`.
        wait: Seconds that a call waits in the queue until a profile is free; they do not count
            for the answer.
        open_timeout: Seconds until the page is ready.
        submit_timeout: Seconds from a ready page until the question is on its way.
        first_timeout: Seconds until the answer begins, once it is asked for.
        silence_timeout: Seconds without anything new in an answer.
        total_timeout: Seconds for an answer, from the question on.
        save_seconds: Seconds after which a profile's cookies, which the page renews, are saved.
        temporary: Ask in temporary chats, which AI Studio does not keep.
    """

    applet: Annotated[str, msgspec.Meta(pattern=r"^(/[!-~]*)?$", max_length=512)] = ""
    use_cooldown: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    wait: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 600.0
    day_zone: str = "America/Los_Angeles"
    open_timeout: _Seconds = 60.0
    submit_timeout: _Seconds = 60.0
    first_timeout: _Seconds = 180.0
    silence_timeout: _Seconds = 120.0
    total_timeout: _Seconds = 900.0
    save_seconds: _Seconds = 1_800.0
    temporary: bool = True


def provider() -> Provider:
    """Describe the upstream."""
    return Provider(
        name=NAME,
        title="AI Studio",
        credential=PROFILE,
        # The page lists its models itself, and gets new ones often.
        models=(ANY,),
        more_models=True,
        settings=AIStudioChannel,
        base_url="origin",
        # An answer that nobody reads is stopped: that frees the page.
        departure=Departure(seconds=0),
    )
