"""Files beside the text, handed to the page from memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugway import BadRequest, UnreadableAnswer, UpstreamTimeout
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.notices import said
from plugway_aistudio.page.seen import Condition, Step
from plugway_aistudio.question import File

if TYPE_CHECKING:
    from playwright.async_api import FilePayload

#: Seconds until the menu is open, and until all
#: files are uploaded.
_MENU, _UPLOADED = 3.0, 120.0

#: Seconds until the page shows something of the files.
_BEGUN = 15.0

_SIGNS = ("toast", "attachment", "uploading")

#: Bytes that the driver hands over at once.
LIMIT = 50 * 1024 * 1024


class Attachments:
    """Attaches files to the question that is being written."""

    def __init__(self, dom: Dom) -> None:
        """Take the page.

        Args:
            dom: Its parts.
        """
        self._dom = dom

    async def add(self, files: Sequence[File]) -> None:
        """Attach files, and wait until the page has uploaded them.

        Args:
            files: In order; none: nothing is done.

        Raises:
            BadRequest: They are too large, or the page does not take them; with its words.
            UnreadableAnswer: The page has no way for files.
            UpstreamTimeout: The upload took too long.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        if not files:
            return
        if sum(len(one.data) for one in files) > LIMIT:
            raise BadRequest(
                f"files: the page takes {LIMIT >> 20} MiB of files in a question at the most",
                field="files",
            )
        await self._hand_over(
            [{"name": one.name, "mimeType": one.mime_type, "buffer": one.data} for one in files]
        )
        await self._uploaded(len(files))

    async def _hand_over(self, payloads: list[FilePayload]) -> None:
        from playwright.async_api import Error
        from playwright.async_api import TimeoutError as DriverTimeout

        there = [Condition("file_input")]
        item = [Condition("upload_item")]
        view = await self._dom.do(
            Step(does="click", name="add_media"), until=[there, item], look=["file_input"]
        )
        if not all(view.steps):
            raise self._dom.missing("add_media")
        if view.met < 0:
            view = await self._dom.wait(there, item, seconds=_MENU, look=["file_input"])
        page = self._dom.page
        try:
            if view["file_input"] is not None:
                way = self._dom.selectors["file_input"].selectors[view["file_input"].at]
                await page.locator(way.css).first.set_input_files(payloads)
            elif view.met == 1:
                # The page makes its field for files when it is asked.
                async with page.expect_file_chooser(timeout=_MENU * 1000) as waiting:
                    await self._dom.do(Step(does="click", name="upload_item"))
                await (await waiting.value).set_files(payloads)
            else:
                raise self._dom.missing("upload_item")
        except DriverTimeout:
            raise self._dom.missing("file_input") from None
        except Error as error:
            raise self._dom.problem(error) from None

    async def _uploaded(self, count: int) -> None:
        """Wait until as many files are attached, and none is on its way."""
        done = [Condition("attachment", "count", count), Condition("uploading", "gone")]
        asked = [Condition("agree")]
        failed = [Condition("toast")]
        start, begun = self._dom.clock.monotonic(), False
        while True:
            view = await self._dom.wait(asked, failed, done, seconds=_MENU, look=_SIGNS)
            begun = begun or any(view[name] for name in ("attachment", "uploading"))
            if view.met == 0:
                await self._dom.do(
                    Step(does="click", name="agree"), until=[[Condition("agree", "gone")]]
                )
            elif view.met == 1 and view["toast"] is not None:
                words = said([view["toast"].text])
                raise BadRequest(
                    f"files: AI Studio's page does not take them: {words}", field="files"
                )
            elif view.met == 2:
                break
            elif not begun and self._dom.clock.monotonic() >= start + _BEGUN:
                # It says nothing of files whose type it does not know.
                raise BadRequest("files: AI Studio's page does not take them", field="files")
            elif self._dom.clock.monotonic() >= start + _UPLOADED:
                raise UpstreamTimeout("The page did not upload the files in time.", acted=False)
        if (await self._dom.look("overlay"))["overlay"] is not None:
            await self._dom.type("Escape")
            if (await self._dom.wait([Condition("overlay", "gone")], seconds=_MENU)).met < 0:
                raise UnreadableAnswer("The page's menu for media does not close.", acted=False)
