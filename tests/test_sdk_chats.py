"""Chats with the official packages: what arrives upstream, and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from sdk_office import MODEL, PICTURE, Office, price
from sdk_speaker import Asked, Speaker
from sdk_speakers import SPEAKERS

from plugway.upstream.guard import AddressPolicy
from plugway_gemini_business.emulated.media import mp4, png

pytestmark = pytest.mark.anyio

SOURCES = (
    ("https://example.com/lighthouses?a=1&b=2", "Lighthouses – an overview"),
    ("https://example.org/ships", "Ships & storms"),
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Run a gateway with two accounts."""
    async with Office(tmp_path / "home") as office:
        await office.channel()
        yield office


@pytest.fixture(params=list(SPEAKERS))
def speaker(request: pytest.FixtureRequest, office: Office) -> Speaker:
    """Take one package after the other."""
    return SPEAKERS[request.param](office)


async def test_the_system_prompt_and_every_turn_arrive_in_order(
    office: Office, speaker: Speaker
) -> None:
    await speaker.ask(
        Asked(
            system="Speak like a sailor.", before=("One?", "Two.", "Three?", "Four."), said="Five?"
        )
    )
    (asked,) = office.emulator.truth.asked
    assert asked.words == "Five?"
    said = ["Speak like a sailor.", "One?", "Two.", "Three?", "Four.", "Five?"]
    places = [asked.text.index(text) for text in said]
    assert places == sorted(places)


async def test_an_image_arrives(office: Office, speaker: Speaker) -> None:
    reply = await speaker.ask(Asked(said="What is it?", image=PICTURE))
    assert f"1 file: image/png 5×3 of {len(PICTURE)} bytes" in reply.text
    assert await office.charged() == price(reply.asked, reply.answered)


async def test_an_image_of_the_inner_network_is_refused(office: Office, speaker: Speaker) -> None:
    for url in (
        f"{office.emulator.url}/a.png",
        "http://169.254.169.254/latest/meta-data/a.png",
        "http://localhost/a.png",
        "http://[::ffff:10.0.0.1]/a.png",
    ):
        with pytest.raises(speaker.errors[400]) as caught:
            await speaker.ask(Asked(said="What is it?", image=url))
        assert speaker.told(caught.value)[0] == 400
    assert office.asks() == 0
    assert all("a.png" not in one.target for one in office.emulator.seen)
    assert await office.charged() == 0


async def test_an_image_at_an_address_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def picture(request: web.Request) -> web.Response:
        return web.Response(body=PICTURE, content_type="image/png")

    app = web.Application()
    app.add_routes([web.get("/a.png", picture)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    # Stands for a public address, of which there are none here.
    here = AddressPolicy(exempt=frozenset({("127.0.0.1", port)}))
    monkeypatch.setattr("plugway.upstream.upstream.AddressPolicy", lambda: here)
    async with Office(tmp_path / "home") as office:
        await office.channel()
        for make in SPEAKERS.values():
            image = f"http://127.0.0.1:{port}/a.png"
            reply = await make(office).ask(Asked(said="What is it?", image=image))
            assert f"1 file: image/png 5×3 of {len(PICTURE)} bytes" in reply.text
        assert len(office.emulator.truth.asked) == len(SPEAKERS)
    await runner.cleanup()


async def test_images_come_back(office: Office, speaker: Speaker) -> None:
    reply = await speaker.ask(Asked(said="Draw 2 cats", model=f"{MODEL}-image"))
    assert reply.images == (png(16, 16), png(16, 17))
    assert office.emulator.truth.asked[0].tools == ("image",)
    assert await office.charged() == price(reply.asked, reply.answered, images=2)


async def test_videos_come_back(office: Office, speaker: Speaker) -> None:
    reply = await speaker.ask(Asked(said="A cat, please", model=f"{MODEL}-video"))
    assert reply.videos == (mp4(),)
    assert office.emulator.truth.asked[0].tools == ("video",)
    assert await office.charged() == price(reply.asked, reply.answered, videos=1)


async def test_an_image_that_came_back_goes_with_the_next_turn(
    office: Office, speaker: Speaker
) -> None:
    drawn = await speaker.ask(Asked(said="Draw a cat", model=f"{MODEL}-image"))
    assert len(drawn.images) == 1
    again = Asked(said="And a dog", before=("Draw a cat", drawn.text), image=drawn.images[0])
    reply = await speaker.ask(again)
    assert "image/png 16×16" in reply.text
    # Nobody pays for base64 as if it were words.
    assert "base64" not in office.emulator.truth.asked[-1].text
    assert reply.asked < 1_000


async def test_thoughts_are_shown_to_who_wants_them(office: Office, speaker: Speaker) -> None:
    reply = await speaker.ask(Asked(said="Think of ships", thinks=True))
    assert reply.thoughts.startswith("**Reading the question**")
    assert "Reading the question" not in reply.text
    assert await office.charged() == price(reply.asked, reply.answered)


async def test_sources_are_named(office: Office, speaker: Speaker) -> None:
    reply = await speaker.ask(Asked(said="Search ships", model=f"{MODEL}-search"))
    assert "Über two sources: é is where they agree." in reply.text
    assert tuple(dict.fromkeys(reply.sources)) == SOURCES
    assert office.emulator.truth.asked[0].tools == ("search",)
    assert await office.charged() == price(reply.asked, reply.answered)
