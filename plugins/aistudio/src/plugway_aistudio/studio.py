"""All that one gateway keeps of AI Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from plugway_aistudio.browsers import Browsers
from plugway_aistudio.front.health import PagesHealth
from plugway_aistudio.models import Models
from plugway_aistudio.page.driver import PageDriver
from plugway_aistudio.pages import Pages
from plugway_aistudio.profiles import folder_rounds
from plugway_aistudio.profiles.profile import read
from plugway_aistudio.profiles.saving import Saving
from plugway_aistudio.provider import AIStudioChannel
from plugway_aistudio.relay import listing
from plugway_aistudio.relay.driver import RelayDriver
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    from plugway import Channel, Gateway, Secret
    from plugway_aistudio.driver import Driver


class Studio:
    """Holds the models, the browser and the pages of one gateway's process.

    Attributes:
        clock: The gateway's.
        models: The models of the page's list.
        browsers: The one browser.
        pages: The pages in it.
        saving: Saves profiles that their pages have renewed.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Prepare; nothing opens before somebody asks.

        Args:
            gateway: Whose it is.
        """
        self._gateway = gateway
        self.clock = gateway.clock
        self.models = Models(gateway.home, self.settings, self.clock)
        self.browsers = Browsers(gateway.browser, self.settings, self.clock)
        self.saving = Saving(gateway, lambda *saved: self.pages.renewed(*saved))
        self.pages = Pages(
            self._driver, self.saving.newest, self.settings, self.clock, self.saving.last
        )
        gateway.at_stop(self.close)

    def health(self) -> PagesHealth:
        """Tell how the pages are; asks nobody."""
        status, browsers = self.pages.status(), self.browsers.health()
        return PagesHealth(
            installed=self._gateway.browser.available,
            opening=status.busy > status.open,
            connected=browsers.running,
            failing=browsers.failed,
        )

    def settings(self) -> AIStudioSettings:
        """Return the plugin's settings as they are now."""
        return self._gateway.settings(AIStudioSettings)

    async def close(self) -> None:
        """Save the profiles of open pages, and close them with their browser."""
        await self.pages.close()
        await self.browsers.close()
        folder = folder_rounds.folder_of(self._gateway.home, self.settings())
        # A gateway that could not start has nothing to write, and no channels to ask for.
        if folder is not None and hasattr(self._gateway, "snapshots"):
            # What was saved just now is in the files too when the gateway has stopped.
            await self._gateway.snapshots.refresh()
            await folder_rounds.FolderRounds(self._gateway, folder).round()

    def _driver(self, secret: Secret, channel: Channel, proxy: str) -> Driver:
        settings = self.settings()
        state = read(secret).state()
        chosen = cast("AIStudioChannel", channel.settings)
        if settings.driver == "relay":
            return RelayDriver(
                self.browsers,
                state,
                base=channel.base_url,
                channel=chosen,
                listed=self.models.get,
                models=lambda body: self.models.learn(body, listing.listed),
                clock=self.clock,
                proxy=proxy,
            )
        return PageDriver(
            self.browsers,
            state,
            base=channel.base_url,
            channel=chosen,
            settings=settings,
            clock=self.clock,
            models=self.models.learn,
            titles=self.models.titles,
            proxy=proxy,
        )
