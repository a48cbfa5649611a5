"""`/admin/config/cooldown`: pauses of the channels, changed for good and in every process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import msgspec

from plugway import AdminRoute, BadRequest
from plugway_gemini_business.admin.pool import plain

if TYPE_CHECKING:
    from plugway import AdminAsk
    from plugway_gemini_business.admin.pool import Pool
    from plugway_gemini_business.provider import GeminiBusinessChannel

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class CooldownQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses a channel.

    Attributes:
        channel: Its name; not given: the first one.
    """

    channel: _Name | None = None


class CooldownChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says which pauses change.

    Attributes:
        refresh_cooldown_sec: Seconds that a bearer is used.
        use_cooldown_sec: Seconds that an account rests between two calls.
        channel: In which channel; not given: in all.
    """

    refresh_cooldown_sec: Annotated[float, msgspec.Meta(gt=0, le=240)] | None = None
    use_cooldown_sec: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None
    channel: _Name | None = None


class CooldownValues(msgspec.Struct, frozen=True, kw_only=True):
    """Tells the pauses of a channel.

    Attributes:
        refresh_cooldown_sec: Seconds that a bearer is used.
        use_cooldown_sec: Seconds that an account rests between two calls.
    """

    refresh_cooldown_sec: float
    use_cooldown_sec: float


class CooldownsChanged(CooldownValues, frozen=True, kw_only=True):
    """Tells what the pauses are now.

    Attributes:
        message: For people.
    """

    message: str


class Cooldowns:
    """Shows and changes pauses."""

    def __init__(self, pool: Pool) -> None:
        """Take the parts.

        Args:
            pool: Knows the channels.
        """
        self._pool = pool

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        place = "/admin/config/cooldown"
        return [
            AdminRoute(
                f"GET {place}",
                self.show,
                "The pauses of a channel",
                CooldownQuery,
                CooldownValues,
                role="operator",
            ),
            AdminRoute(
                f"POST {place}",
                self.change,
                "Change pauses of channels",
                CooldownChange,
                CooldownsChanged,
                role="admin",
            ),
        ]

    async def show(self, ask: AdminAsk, query: CooldownQuery) -> CooldownValues:
        """Answer."""
        return self._values(query.channel)

    async def change(self, ask: AdminAsk, change: CooldownChange) -> CooldownsChanged:
        """Change all channels, or none of them."""
        given = {
            "refresh_cooldown": change.refresh_cooldown_sec,
            "use_cooldown": change.use_cooldown_sec,
        }
        settings = {name: value for name, value in given.items() if value is not None}
        if not settings:
            raise BadRequest(
                "give refresh_cooldown_sec, use_cooldown_sec or both", field="use_cooldown_sec"
            )
        channels = self._pool.channels(change.channel)
        names = ", ".join(one.name for one in channels)

        async def work() -> None:
            for channel in channels:
                await ask.gateway.channels.adjust(channel, settings)

        await ask.change("gemini_business.cooldown", names, work, settings)
        now = self._values(change.channel)
        return CooldownsChanged(
            message=f"changed in the channels {names}",
            refresh_cooldown_sec=now.refresh_cooldown_sec,
            use_cooldown_sec=now.use_cooldown_sec,
        )

    def _values(self, name: str | None) -> CooldownValues:
        settings = cast("GeminiBusinessChannel", self._pool.channels(name)[0].settings)
        return CooldownValues(
            refresh_cooldown_sec=plain(settings.refresh_cooldown),
            use_cooldown_sec=plain(settings.use_cooldown),
        )
