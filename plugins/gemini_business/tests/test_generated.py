"""Images and videos that the upstream makes (reference §1.9)."""

from __future__ import annotations

import base64
import re
from typing import Any, Literal

import pytest
from business_gateway import MODEL, Answer, Business

from plugway import UpstreamError
from plugway_gemini_business.generated import Place, redirected
from plugway_gemini_business.provider import API_BASE

pytestmark = pytest.mark.anyio

_DATA = re.compile(r"data:([a-z0-9/]+);base64,([A-Za-z0-9+/=]+)")


def media(answer: Answer) -> list[tuple[str, bytes]]:
    """Return what an answer holds, with its types."""
    assert answer.status == 200, answer.body[:500]
    found = _DATA.findall(answer.body.decode())
    return list(dict.fromkeys([(kind, base64.b64decode(data)) for kind, data in found]))


def made(business: Business) -> list[bytes]:
    """Return what the upstream has made."""
    return [
        file.content
        for session in business.emulator.sessions
        for file in session.files.values()
        if file.origin == "AI_GENERATED"
    ]


@pytest.mark.parametrize("media_as", ["file", "inline"])
@pytest.mark.parametrize("download", ["download", "redirect"])
async def test_an_image_comes_whatever_way_it_takes(
    business: Business, media_as: Any, download: Any
) -> None:
    business.emulator.behaviour.media_as = media_as
    business.emulator.behaviour.download = download
    answer = await business.ask("Draw a cat", model=f"{MODEL}-image")
    ((kind, data),) = media(answer)
    assert kind == "image/png"
    assert data.startswith(b"\x89PNG")
    if media_as == "file":
        assert [data] == made(business)
    (usage,) = await business.server.usage()
    assert usage.images == 1


async def test_complaint_9_several_images_all_come(business: Business) -> None:
    answer = await business.ask("Draw 3 cats", model=f"{MODEL}-image")
    assert [data for _, data in media(answer)] == made(business)
    assert len(media(answer)) == 3
    (usage,) = await business.server.usage()
    assert usage.images == 3


async def test_the_form_of_address_that_worked_is_tried_first(business: Business) -> None:
    business.emulator.behaviour.download = "redirect"
    await business.ask("Draw 3 cats", model=f"{MODEL}-image")
    downloads = [one.target for one in business.emulator.seen if ":downloadFile" in one.target]
    assert [target.startswith("/download/") for target in downloads] == [True] + [False] * 3
    assert all("/projects/" in target for target in downloads)


async def test_a_video_comes(business: Business) -> None:
    answer = await business.ask("Film a cat", model=f"{MODEL}-video")
    ((kind, data),) = media(answer)
    assert (kind, [data]) == ("video/mp4", made(business))
    (usage,) = await business.server.usage()
    assert usage.videos == 1


async def test_images_come_without_a_suffix_too(business: Business) -> None:
    assert len(media(await business.ask("Draw a cat"))) == 1


async def test_a_big_image_comes_whole(business: Business) -> None:
    business.emulator.behaviour.image_bytes = 6 << 20
    ways: tuple[Literal["file", "inline"], ...] = ("file", "inline")
    for media_as in ways:
        business.emulator.behaviour.media_as = media_as
        answer = await business.ask("Draw a cat", model=f"{MODEL}-image")
        ((_, data),) = media(answer)
        assert len(data) >= 6 << 20


async def test_an_image_that_is_too_big_is_refused(bare: Business) -> None:
    await bare.channel("first", media_bytes=1_000)
    bare.emulator.behaviour.image_bytes = 10_000
    answer = await bare.ask("Draw a cat", model=f"{MODEL}-image")
    assert answer.status == 502
    assert "1000 bytes" in answer.error


async def test_files_that_are_listed_late_are_waited_for(business: Business) -> None:
    business.emulator.behaviour.hidden_lists = 2
    assert len(media(await business.ask("Draw a cat", model=f"{MODEL}-image"))) == 1


async def test_a_file_that_is_never_listed_is_found_by_the_full_name(business: Business) -> None:
    business.emulator.mishap("no_media")
    assert len(media(await business.ask("Draw a cat", model=f"{MODEL}-image"))) == 1


@pytest.mark.parametrize("kind", ["refused", "html", "lost", "lost_after"])
async def test_a_download_that_fails_is_tried_again(business: Business, kind: str) -> None:
    details = {"code": 500} if kind == "refused" else {}
    business.emulator.mishap(kind, call="download", times=2, **details)
    answer = await business.ask("Draw a cat", model=f"{MODEL}-image")
    assert len(media(answer)) == 1
    assert await business.states() == {"first": "ready", "second": "ready"}


async def test_a_download_that_keeps_failing_is_an_error(business: Business) -> None:
    business.emulator.mishap("refused", call="download", code=404, times=100)
    answer = await business.ask("Draw a cat", model=f"{MODEL}-image")
    assert answer.status == 502
    assert "could not be fetched" in answer.error
    # It is not made once more at the operator's expense.
    assert len(business.emulator.truth.asked) == 1
    downloads = [one for one in business.emulator.truth.uses if one.call == "download"]
    assert len(downloads) == 6
    assert await business.charged() == 0


async def test_a_bearer_that_ages_while_media_are_made_is_made_anew(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.mishap("refused", call="download", code=401)
    assert len(media(await bare.ask("Draw a cat", model=f"{MODEL}-image"))) == 1
    assert bare.emulator.truth.counts("first")["mint"] == 2


async def test_a_redirect_to_elsewhere_is_not_followed(business: Business) -> None:
    business.emulator.fail(
        "status",
        path="/download/",
        status=302,
        headers={"Location": "http://127.0.0.1:9/steal"},
        times=3,
    )
    business.emulator.mishap("refused", call="download", code=404, times=3)
    answer = await business.ask("Draw a cat", model=f"{MODEL}-image")
    assert answer.status == 502
    assert "9/steal" not in answer.error


@pytest.mark.parametrize(
    ("location", "own", "base_url"),
    [
        ("/b?c=d", API_BASE, API_BASE),
        ("https://storage.googleapis.com/b?c=d", API_BASE, "https://storage.googleapis.com"),
        ("https://STORAGE.googleapis.com/b?c=d", API_BASE, None),
        ("https://contribution.usercontent.google.com/b?c=d", API_BASE, "https://contribution."),
        ("https://storage.googleapis.com/b?c=d", "http://127.0.0.1:1", None),
        ("http://storage.googleapis.com/b?c=d", API_BASE, None),
        ("https://storage.googleapis.com:8443/b?c=d", API_BASE, None),
        ("https://me@storage.googleapis.com/b?c=d", API_BASE, None),
        ("https://evilgoogleapis.com/b?c=d", API_BASE, None),
        ("https://googleapis.com.evil.example/b?c=d", API_BASE, None),
        ("//evil.example/b?c=d", API_BASE, None),
        ("file:///etc/passwd", API_BASE, None),
        ("http://[::1/b", API_BASE, None),
        ("", API_BASE, API_BASE),
    ],
)
def test_a_bearer_follows_redirects_to_known_hosts_only(
    location: str, own: str, base_url: str | None
) -> None:
    place = Place(own, "/a?x=y")
    if base_url is None:
        with pytest.raises(UpstreamError, match="no bearer may go"):
            redirected(place, location, (own,))
    else:
        assert redirected(place, location, (own,)).base_url.startswith(base_url)


async def test_progress_is_told_while_media_are_fetched(business: Business) -> None:
    async with business.stream("Draw 2 cats", model=f"{MODEL}-image") as events:
        found = [event async for event in events]
    assert not any("error" in event for event in found)
    assert _DATA.search(str(found))
