"""What bodies say of images and videos, and what becomes of it."""

from __future__ import annotations

import pytest
from studio import MP4, PNG

from plugway import BadRequest, ChatModel, ChatRequest, Media, Message, Task, Text
from plugway.chat.dialects.openai.markdown import Markdown
from plugway.chat.dialects.openai.video_shown import size_of as shown_size
from plugway.chat.dialects.openai.video_shown import video_of
from plugway.chat.multipart import MOST_PARTS, boundary_of, parts_of
from plugway.chat.sizes import aspect_of, resolution_of, seconds_of, size_of
from plugway.chat.wishes import GenerationConfig, ImageConfig, Wishes, wished
from plugway.errors import PayloadTooLarge
from plugway.generations.wanted import wanted

MODEL = ChatModel(id="m")
FORM = b"multipart/form-data"


def test_sizes_are_the_nearest_shape_and_a_word_if_they_are_large() -> None:
    words = {
        "1280x720": ("16:9", None),
        "720X1280": ("9:16", None),
        "1024x1024": ("1:1", None),
        "1536x1024": ("4:3", None),
        "1024 x 1792": ("9:16", None),
        "1920x1080": ("16:9", "1080p"),
        "1080x1920": ("9:16", "1080p"),
        "2048x2048": ("1:1", "2k"),
        "3840x2160": ("16:9", "4k"),
    }
    for text, (aspect, resolution) in words.items():
        size = size_of(text, "size")
        assert size is not None
        assert (size.aspect, size.resolution) == (aspect, resolution), text
    assert size_of("auto", "size") is None
    assert aspect_of("", "aspect") is None
    assert resolution_of("Auto", "resolution") is None
    for text in ("0x100", "100", "100x", "x", "1x1x1", "123456x1"):
        with pytest.raises(BadRequest, match=r"^size: "):
            size_of(text, "size")
    for text in ("0:1", "16/9", "16:", "a:b"):
        with pytest.raises(BadRequest, match=r"^aspect: "):
            aspect_of(text, "aspect")
    for value in (0, -1, 1.5, "1.5", "eight", "8m", True, 100_000):
        with pytest.raises(BadRequest, match=r"^seconds: "):
            seconds_of(value, "seconds")


def test_wishes_may_be_said_in_several_ways_that_agree() -> None:
    config = GenerationConfig(image_config=ImageConfig(aspect_ratio="16:9", image_size="4K"))
    said = wished(
        Wishes(aspect="landscape", size="1920x1080", duration="6s", generation_config=config)
    )
    assert said.attributes == {"aspect": "16:9", "seconds": 6, "resolution": "4k"}
    assert said.given == {
        "aspect": "aspect",
        "seconds": "duration",
        "resolution": "generationConfig.imageConfig.imageSize",
    }
    assert said.size == "1920x1080"
    with pytest.raises(BadRequest) as caught:
        wished(Wishes(resolution="2k", generation_config=config))
    assert caught.value.field == "generationConfig.imageConfig.imageSize"


def test_what_is_wanted_of_a_conversation() -> None:
    image, other = Media(mime_type="image/png", data=PNG), Media(mime_type="image/png", data=b"1")
    asked = ChatRequest(
        model="m",
        messages=(
            Message("system", (Text("In oil."),)),
            Message("user", (Text("A dog"), other)),
            Message("assistant", (Text("![image](https://example.com/a)"), other)),
            Message("user", (Text("A cat"), image, Media(url="EXTEND://video_7"))),
        ),
        resolution="1080p",
        given={"resolution": "size"},
    )
    reduced, source = wanted(asked, MODEL, "image")
    assert reduced.messages == (Message("user", (Text("In oil.\n\nA cat"), image)),)
    assert (source, reduced.resolution) == ("video_7", None)
    assert wanted(asked, MODEL, "video")[0].resolution == "1080p"
    alone = Message("user", (Media(url="extend://video_7"),))
    assert wanted(ChatRequest(model="m", messages=(alone,)), MODEL, "video")[1] == "video_7"
    twice = Message("user", (Text("x"), Media(url="extend://a"), Media(url="extend://b")))
    for message in (Message("user", (image,)), Message("assistant", (Text("A cat"),)), twice):
        with pytest.raises(BadRequest) as caught:
            wanted(ChatRequest(model="m", messages=(message,)), MODEL, "video")
        assert caught.value.field == "messages"


def test_a_form_is_taken_apart_whatever_its_files_hold() -> None:
    assert boundary_of("application/json") is boundary_of("multipart/form-data") is None
    boundary = boundary_of("multipart/form-data; charset=utf-8; boundary=b1")
    assert boundary == b"b1"
    video = MP4 + b"\r\n--b\r\n\r\n--b2" + bytes(range(256))
    head = b'Content-Disposition: form-data; name="image[]"; filename="a;\\"b.mp4"'
    form = (
        b"--b1\r\ncontent-disposition: form-data; name=prompt\r\n\r\n"
        + "Größe\r\n".encode()
        + b"\r\n--b1\r\n"
        + head
        + b"\r\nContent-Type: video/mp4\r\n\r\n"
        + video
        + b"\r\n--b1--\r\nepilogue"
    )
    text, file = parts_of(bytearray(form), boundary)
    assert (text.name, text.text, text.is_file) == ("prompt", "Größe\r\n", False)
    assert (file.name, file.data, file.mime_type, file.is_file) == (
        "image[]",
        video,
        "video/mp4",
        True,
    )
    part = b'--b1\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n'
    assert len(parts_of(part * MOST_PARTS + b"--b1--", boundary)) == MOST_PARTS
    with pytest.raises(PayloadTooLarge):
        parts_of(part * (MOST_PARTS + 1) + b"--b1--", boundary)
    for broken in (b"", part, b"--b1\r\nx", b"--b1x\r\n\r\n\r\n--b1--", b"--b1\r\n\r\n1\r\n--b1--"):
        with pytest.raises(BadRequest):
            parts_of(broken, boundary)


def test_how_a_video_is_shown() -> None:
    task = Task(
        id=1,
        call_id="7",
        provider="p",
        kind="video",
        model="m",
        user_id=1,
        created_at=5_000_000,
        updated_at=0,
        state="expired",
        reason="it took too long",
        request='{"bytes":7}',
    )
    video = video_of(task, [], [])
    assert (video.id, video.status, video.size, video.seconds) == (
        "video_7",
        "failed",
        *["auto"] * 2,
    )
    assert video.error is not None
    assert (video.error.code, video.error.message) == ("task_expired", "it took too long")
    assert shown_size("1:1", "4k") == "2160x2160"


def test_a_page_may_have_players_for_videos() -> None:
    page = Markdown(players=True)
    video = Media(mime_type="video/mp4", url="https://a.example/v?a=1&b=2")
    assert page.media(video) == ('<video src="https://a.example/v?a=1&amp;b=2" controls></video>')
    image = Media(mime_type="image/png", url="https://a.example/i")
    assert page.media(image) == "\n\n![image](https://a.example/i)"
