"""Tries the official Kling API case by case, at any base URL, with the standard library alone.

    python examples/kling_tour.py --url http://127.0.0.1:8000 --key sk-…
    python examples/kling_tour.py --url https://api-singapore.klingai.com \
        --access-key ak-… --secret-key sk-…

Without arguments it reads `PLUGWAY_URL`, `PLUGWAY_KEY`, `PLUGWAY_ACCESS_KEY` and
`PLUGWAY_SECRET_KEY`, which `plugway demo --env FILE` writes.

It makes a handful of short videos and images, which cost what they cost there, waits until they
have ended, and prints a table. At the official service give it an image and a video that exist,
with `--image` and `--video`. The exit status is 1 if a case did not go as it should.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

T2V = "/v1/videos/text2video"
I2V = "/v1/videos/image2video"
SEVERAL = "/v1/videos/multi-image2video"
ELEMENTS = "/v1/videos/multi-elements"
OMNI = "/v1/videos/omni-video"
IMAGES = "/v1/images/generations"
MIXED = "/v1/images/multi-image2image"

#: What a case expects: HTTP status and official code.
OK = (200, 0)
INVALID = (400, 1201)
MISSING = (404, 1203)

USUAL = {"model_name": "kling-v1", "prompt": "a lighthouse in a storm", "duration": "5"}
MOVE = {"type": "simple", "config": {"zoom": 5}}


@dataclass(frozen=True)
class Result:
    """Is one case and how it went."""

    name: str
    expected: str
    got: str

    @property
    def ok(self) -> bool:
        """Return whether it went as it should."""
        return self.expected == self.got


@dataclass
class Client:
    """Calls the API.

    Attributes:
        url: Base URL, what comes before `/v1`.
        key: Plain key; empty: the pair signs tokens.
        access_key: Who signs.
        secret_key: With what.
    """

    url: str
    key: str = ""
    access_key: str = ""
    secret_key: str = ""

    def token(self, *, begins: int = -5, ends: int = 1800) -> str:
        """Return what goes into the header: the key, or a token of so many seconds."""
        if self.key:
            return self.key
        now = int(time.time())
        claims = {"iss": self.access_key, "exp": now + ends, "nbf": now + begins}
        parts = [
            _encoded(json.dumps(one).encode()) for one in ({"alg": "HS256", "typ": "JWT"}, claims)
        ]
        content = ".".join(parts)
        digest = hmac.new(self.secret_key.encode(), content.encode(), hashlib.sha256).digest()
        return f"{content}.{_encoded(digest)}"

    def find_prefix(self) -> None:
        """Go below `/kling` if the API is there, as it is at a gateway."""
        for prefix in ("", "/kling"):
            if "code" in self.call("GET", f"{prefix}{T2V}")[1]:
                self.url += prefix
                return

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        authorization: str | None = None,
    ) -> tuple[int, Any]:
        """Make a call, and return its status and its body from JSON."""
        data = body if isinstance(body, bytes) else None
        if body is not None and data is None:
            data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        given = f"Bearer {self.token()}" if authorization is None else authorization
        if given:
            headers["Authorization"] = given
        request = urllib.request.Request(  # noqa: S310  # the URL is the user's own
            self.url + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # the same
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decoded(error.read())


@dataclass
class Tour:
    """Walks through the cases.

    Attributes:
        client: Calls the API.
        wait: Longest time for a task, seconds.
        interval: Seconds between two questions for a task.
        image: Address of an image that the upstream can read.
        video: Address of a video of 2 to 5 or 7 to 10 seconds, the same.
        made: Path and id of each task that was made.
    """

    client: Client
    wait: float
    interval: float
    image: str
    video: str
    made: dict[str, tuple[str, str]] = field(default_factory=dict)

    def walk(self) -> Iterator[Result]:
        """Yield each case as it has gone."""
        yield from self._authentication()
        yield from self._text_to_video()
        yield from self._image_to_video()
        yield from self._images()
        yield from self._elements()
        yield from self._others()
        yield from self._ends()

    def _authentication(self) -> Iterator[Result]:
        ask = self.client.call
        for name, header, code in (
            ("no key", "", 1001),
            ("a header that is none", "Basic abc", 1002),
            ("a key that nobody has", "Bearer sk-nobody-has-this-key-0123456789", 1000),
        ):
            yield _case(name, (401, code), ask("GET", T2V, authorization=header))
        if self.client.key:
            return
        late = f"Bearer {self.client.token(begins=-7200, ends=-3600)}"
        yield _case("a token that has ended", (401, 1004), ask("GET", T2V, authorization=late))
        early = f"Bearer {self.client.token(begins=3600, ends=7200)}"
        yield _case("a token before its time", (401, 1003), ask("GET", T2V, authorization=early))

    def _text_to_video(self) -> Iterator[Result]:
        ask, own = self.client.call, f"tour-{uuid.uuid4()}"
        yield self._make("a video", T2V, {**USUAL, "external_task_id": own})
        yield _case("a name that is taken", INVALID, self._post(T2V, external_task_id=own))
        yield self._make("a slash at the end", f"{T2V}/", {**USUAL, "image_list": [], "seed": None})
        yield self._make("a camera that zooms", T2V, {**USUAL, "camera_control": MOVE})
        if "a video" not in self.made:
            return  # it has been told that there is none
        name = self.made["a video"][1]
        yield _case("asked for by its id", OK, ask("GET", f"{T2V}/{name}"))
        status, body = ask("GET", f"{T2V}/{own}")
        yield _case("asked for by one's own name", OK, (status, body))
        info = body.get("data", {}).get("task_info", {})
        yield Result("one's own name comes back", own, str(info.get("external_task_id")))
        status, body = ask("GET", f"{T2V}?pageNum=1&pageSize=2")
        yield _case("a list", OK, (status, body))
        yield Result("a list is a bare array", "True", str(isinstance(body.get("data"), list)))
        yield _case("a page too large", INVALID, ask("GET", f"{T2V}?pageSize=501"))
        yield _case("a page before the first", INVALID, ask("GET", f"{T2V}?pageNum=0"))
        yield _case("a body that is no JSON", (400, 1200), ask("POST", T2V, b"{"))
        yield _case("no prompt", INVALID, self._post(T2V, prompt=""))
        yield _case("a prompt too long", INVALID, self._post(T2V, prompt="a" * 2501))
        yield _case("a mode that is none", INVALID, self._post(T2V, mode="fast"))
        yield _case("a scale out of range", INVALID, self._post(T2V, cfg_scale=1.5))
        two = {"type": "simple", "config": {"zoom": 5, "pan": 1}}
        yield _case("a camera two ways", INVALID, self._post(T2V, camera_control=two))
        yield _case("a model that is none", MISSING, self._post(T2V, model_name="kling-v0"))

    def _image_to_video(self) -> Iterator[Result]:
        image = {**USUAL, "image": self.image}
        yield self._make("a video from an image", I2V, image)
        points = [{"x": 10, "y": 20}, {"x": 30, "y": 40}]
        mask = {"mask": self.image, "trajectories": points}
        brush = {**image, "static_mask": self.image, "dynamic_masks": [mask]}
        yield self._make("a motion brush", I2V, brush)
        yield _case("no image", INVALID, self._post(I2V))
        prefixed = "data:image/png;base64,iVBORw0KGgo="
        yield _case("a data: prefix", INVALID, self._post(I2V, image=prefixed))
        both = {"image": self.image, "image_tail": self.image, "static_mask": self.image}
        yield _case("an end frame and a brush", INVALID, self._post(I2V, **both))
        images = [{"image": self.image}] * 2
        several = {"model_name": "kling-v1-6", "image_list": images}
        yield self._make("a video from two images", SEVERAL, {**USUAL, **several})
        five = {**several, "image_list": [{"image": self.image}] * 5}
        yield _case("a video from five images", INVALID, self._post(SEVERAL, **five))

    def _images(self) -> Iterator[Result]:
        asked = {"model_name": "kling-v1", "prompt": "a lighthouse", "n": "1"}
        yield self._make("an image", IMAGES, asked)
        yield _case("ten images", INVALID, self.client.call("POST", IMAGES, {**asked, "n": 10}))
        faced = {**asked, "image_reference": "face"}
        yield _case("a reference to no image", INVALID, self.client.call("POST", IMAGES, faced))
        subjects = [{"subject_image": self.image}] * 2
        mixed = {"prompt": "both", "subject_image_list": subjects, "scene_image": self.image}
        yield self._make("an image from two", MIXED, mixed)

    def _elements(self) -> Iterator[Result]:
        ask = self.client.call
        status, body = ask("POST", f"{ELEMENTS}/init-selection", {"video_url": self.video})
        yield _case("a selection begins", OK, (status, body))
        session = str((body.get("data") or {}).get("session_id", ""))
        marked = {"session_id": session, "frame_index": 1, "points": [{"x": 0.5, "y": 0.5}]}
        for action, given in (
            ("add", marked),
            ("preview", {"session_id": session}),
            ("delete", marked),
            ("clear", {"session_id": session}),
        ):
            yield _case(
                f"a selection: {action}", OK, ask("POST", f"{ELEMENTS}/{action}-selection", given)
            )
        outside = {**marked, "points": [{"x": 1.5, "y": 0.5}]}
        yield _case("a point outside", INVALID, ask("POST", f"{ELEMENTS}/add-selection", outside))
        edit = {"model_name": "kling-v1-6", "session_id": session, "prompt": "no <<<video_1>>>"}
        yield self._make("an element removed", ELEMENTS, {**edit, "edit_mode": "removal"})
        swap = {**edit, "edit_mode": "swap", "image_list": []}
        yield _case("a swap for nothing", INVALID, ask("POST", ELEMENTS, swap))

    def _others(self) -> Iterator[Result]:
        ask = self.client.call
        omni = {"model_name": "kling-v3-omni", "prompt": "a lighthouse", "aspect_ratio": "16:9"}
        yield self._make("a video from anything", OMNI, omni)
        unshaped = {**omni, "aspect_ratio": ""}
        yield _case("one without a shape", INVALID, ask("POST", OMNI, unshaped))
        yield _case("a task that is none", MISSING, ask("GET", f"{T2V}/no-such-task"))
        yield _case("a path that is none", (404, 1202), ask("POST", "/v9/videos/text2video", {}))
        yield _case("voices for everybody", OK, ask("GET", "/v1/general/presets-voices"))

    def _ends(self) -> Iterator[Result]:
        for name, (path, task_id) in self.made.items():
            data = self._ended(f"{path.rstrip('/')}/{task_id}")
            results = data.get("task_result") or {}
            urls = [one.get("url") for one in results.get("videos") or results.get("images") or ()]
            got = str(data.get("task_status"))
            got += f": {data['task_status_msg']}" if data.get("task_status_msg") else ""
            yield Result(f"{name}, at its end", "succeed", got)
            yield Result(f"{name}, its address", "True", str(bool(urls) and all(urls)))

    def _post(self, path: str, **fields: Any) -> tuple[int, Any]:
        return self.client.call("POST", path, {**USUAL, **fields})

    def _make(self, name: str, path: str, body: dict[str, Any]) -> Result:
        status, told = self.client.call("POST", path, body)
        task_id = (told.get("data") or {}).get("task_id")
        if task_id:
            self.made[name] = (path, str(task_id))
        return _case(name, OK, (status, told))

    def _ended(self, path: str) -> dict[str, Any]:
        until = time.monotonic() + self.wait
        while True:
            _, body = self.client.call("GET", path)
            data: dict[str, Any] = body.get("data") or {"task_status": body.get("message")}
            if data.get("task_status") not in ("submitted", "processing"):
                return data
            if time.monotonic() > until:
                return {"task_status": "it takes too long"}
            time.sleep(self.interval)


def _case(name: str, expected: tuple[int, int], answer: tuple[int, Any]) -> Result:
    status, body = answer
    got = f"{status} {body.get('code')}"
    wanted = f"{expected[0]} {expected[1]}"
    return Result(name, wanted, got if got == wanted else f"{got}: {body.get('message')}")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(data: bytes) -> Any:
    try:
        body = json.loads(data)
    except ValueError:
        return {"message": "no JSON"}
    return body if isinstance(body, dict) else {"message": "no object"}


def main(arguments: list[str] | None = None) -> int:
    """Run the tour, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told = os.environ.get
    parser.add_argument("--url", default=told("PLUGWAY_URL", ""), help="what comes before /v1")
    parser.add_argument("--key", default=None, help="sent as it is")
    parser.add_argument("--access-key", default="", help="signs tokens, with --secret-key")
    parser.add_argument("--secret-key", default="")
    parser.add_argument("--wait", type=float, default=900.0, help="seconds for a task")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between questions")
    parser.add_argument("--image", default="https://example.com/a.png", help="its address")
    parser.add_argument("--video", default="https://example.com/a.mp4", help="of 2 to 5 seconds")
    given = parser.parse_args(arguments)
    pair = (given.access_key, given.secret_key)
    if given.key is None and not all(pair):
        given.key = told("PLUGWAY_KEY", "")
        pair = (told("PLUGWAY_ACCESS_KEY", ""), told("PLUGWAY_SECRET_KEY", ""))
    if not given.url or not (given.key or all(pair)):
        parser.error("--url, and --key or --access-key with --secret-key")
    client = Client(given.url.rstrip("/"), given.key or "", *pair)
    write = sys.stdout.write
    failed = total = 0
    write(f"{'case':<40}{'expected':<12}{'got':<40}ok\n")
    try:
        client.find_prefix()
        tour = Tour(client, given.wait, given.interval, given.image, given.video)
        for result in tour.walk():
            total += 1
            failed += not result.ok
            shown = result.expected if len(result.expected) <= 11 else "the same"
            got = result.got if result.got != result.expected else shown
            write(f"{result.name:<40}{shown:<12}{got:<40}{'yes' if result.ok else 'NO'}\n")
    except (urllib.error.URLError, OSError) as error:
        write(f"{client.url} cannot be reached: {error}\n")
        return 1
    write(f"{total} cases, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
