"""What the emulated service makes of a task."""

from __future__ import annotations

from typing import Any

from plugway_kling.emulated.accounts import Account
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.rules import figure
from plugway_kling.emulated.tasks import EmulatedTask


class Results:
    """Makes results; their addresses serve small real files."""

    def __init__(self, ids: Ids) -> None:
        """Prepare.

        Args:
            ids: Names what is made.
        """
        self._ids = ids
        self.base_url = ""

    def of(self, task: EmulatedTask, account: Account) -> dict[str, Any]:
        """Make the result of a task, and keep its videos, voices and elements for later calls."""
        if task.kind is None:
            return self._new(task, account)
        made = task.kind.makes
        if made == "videos":
            return {made: [self._video(task, account)]}
        if made == "audios":
            return {made: [self._audio(account)]}
        if made == "images":
            return self._images(task)
        own = self._voice(task) if made == "voices" else self._element(task)
        held = account.voices if made == "voices" else account.elements
        held[str(own["voice_id" if made == "voices" else "element_id"])] = own
        return {made: [own]}

    def file(self, suffix: str) -> str:
        """Return the address of a new file: signed, and with characters that must not change."""
        signature = self._ids.uuid().replace("-", "")
        path = f"/files/{self._ids.uuid()}.{suffix}"
        return f"{self.base_url}{path}?x-kcdn-pid=112452&sign={signature}%2B%3D"

    def _video(self, task: EmulatedTask, account: Account) -> dict[str, Any]:
        video: dict[str, Any] = {"id": self._ids.number(), "url": self.file("mp4")}
        if task.watermarked:
            video["watermark_url"] = self.file("mp4")
        duration = _seconds(task)
        if not task.path.endswith("/effects"):
            video["duration"] = duration
        if task.path.endswith("/multi-elements"):
            video["session_id"] = task.body["session_id"]
        account.media[video["id"]] = {"id": video["id"], "url": video["url"], "duration": duration}
        return video

    def _audio(self, account: Account) -> dict[str, Any]:
        audio = {
            "id": self._ids.number(),
            "url_mp3": self.file("mp3"),
            "url_wav": self.file("wav"),
            "duration_mp3": "3.056",
            "duration_wav": "3.000",
        }
        account.media[audio["id"]] = {"id": audio["id"], "url": audio["url_mp3"]}
        return audio

    def _images(self, task: EmulatedTask) -> dict[str, Any]:
        if task.path.endswith("/ai-multi-shot"):
            urls = {f"url_{number}": self.file("png") for number in (1, 2, 3)}
            return {"images": [{"index": 0, **urls}]}
        images = [self._image(index, task) for index in range(task.slots)]
        if not task.path.endswith("/omni-image"):
            return {"images": images}
        if task.body.get("result_type") != "series":
            return {"result_type": "single", "images": images}
        amount = task.body.get("series_amount", 4)
        count = 4 if amount == "auto" else int(amount)
        series = [self._image(index, task) for index in range(count)]
        return {"result_type": "series", "series_images": series}

    def _image(self, index: int, task: EmulatedTask) -> dict[str, Any]:
        image = {"index": index, "url": self.file("png")}
        return {**image, "watermark_url": self.file("png")} if task.watermarked else image

    def _voice(self, task: EmulatedTask) -> dict[str, Any]:
        return {
            "voice_id": self._ids.number(),
            "voice_name": task.body["voice_name"],
            "trial_url": self.file("mp3"),
            "owned_by": task.account,
        }

    def _element(self, task: EmulatedTask) -> dict[str, Any]:
        # A number, as documented: too long for a float.
        return {
            "element_id": int(self._ids.number()),
            "element_name": task.body["element_name"],
            "element_description": task.body.get("element_description", ""),
            "owned_by": task.account,
        }

    def _new(self, task: EmulatedTask, account: Account) -> dict[str, Any]:
        id_, url, duration = self._ids.number(), self.file("mp4"), _seconds(task)
        account.media[id_] = {"id": id_, "url": url, "duration": duration}
        output = {"type": "video", "id": id_, "url": url, "duration": duration}
        if task.watermarked:
            output["watermark_url"] = self.file("mp4")
        return {"outputs": [output]}


def _seconds(task: EmulatedTask) -> str:
    settings = task.body.get("settings") or {} if task.kind is None else task.body
    return f"{figure('duration', settings.get('duration') or 5) + 0.041:.3f}"
