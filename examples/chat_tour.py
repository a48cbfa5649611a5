"""Tries chats case by case with the official packages `openai`, `anthropic` and `google-genai`.

    pip install openai anthropic google-genai
    python examples/chat_tour.py --url http://127.0.0.1:8000 --key sk-…

Without arguments it reads `PLUGWAY_URL` and `PLUGWAY_KEY`.

It asks short questions and has an image made in each dialect, which cost what they cost there,
and prints a table. A video, which takes minutes, is made with `--video-model` alone. The exit
status is 1 if a case did not go as it should.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import errors, types

HELLO = "Who keeps a lighthouse? Answer in a sentence."
NOBODYS = "sk-nobody-has-this-key-0123456789"
NO_MODEL = "no-such-model"

#: How OpenAI's and Anthropic's dialects show what a model draws or films.
SHOWN = re.compile(r"\[(?:image|video)\]\((?:data:[a-z0-9]+/[a-z0-9]+;base64,|https?:)")


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


@dataclass(frozen=True)
class Asked:
    """Says what to ask.

    Attributes:
        url: Base URL, what comes before `/v1`.
        key: Sent as it is.
        model: Answers.
        image_model: Draws; empty: nobody does.
        video_model: Films; empty: nobody does.
    """

    url: str
    key: str
    model: str
    image_model: str
    video_model: str


class OpenAI:
    """Asks with `openai`."""

    name = "openai"
    raised = (openai.BadRequestError, openai.AuthenticationError, openai.NotFoundError)

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._client = openai.OpenAI(base_url=f"{asked.url}/v1", api_key=asked.key)

    def models(self) -> set[str]:
        """List the models."""
        return {model.id for model in self._client.models.list()}

    def whole(self, said: str = HELLO, model: str = "", **more: Any) -> tuple[str, int]:
        """Return an answer and the tokens that were used."""
        body = _messages(said, model or self._asked.model, **more)
        if more.get("picture"):
            url = f"data:image/png;base64,{base64.b64encode(more['picture']).decode()}"
            part = {"type": "image_url", "image_url": {"url": url}}
            body["messages"][-1]["content"] = [{"type": "text", "text": said}, part]
        answer = self._client.chat.completions.create(**body)
        return answer.choices[0].message.content or "", answer.usage.total_tokens

    def pieces(self) -> list[str]:
        """Return an answer as it comes."""
        body = _messages(HELLO, self._asked.model)
        stream = self._client.chat.completions.create(**body, stream=True)
        return [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]

    def shows(self, model: str, said: str) -> bool:
        """Say whether an answer shows media."""
        return SHOWN.search(self.whole(said, model)[0]) is not None

    def wrong(self) -> object:
        """Ask for what cannot be."""
        body = _messages(HELLO, self._asked.model)
        return self._client.chat.completions.create(**body, temperature=9)


class Anthropic:
    """Asks with `anthropic`."""

    name = "anthropic"
    raised = (anthropic.BadRequestError, anthropic.AuthenticationError, anthropic.NotFoundError)

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._client = anthropic.Anthropic(base_url=asked.url, api_key=asked.key)

    def models(self) -> set[str]:
        """List the models."""
        return {model.id for model in self._client.models.list()}

    def whole(self, said: str = HELLO, model: str = "", **more: Any) -> tuple[str, int]:
        """Return an answer and the tokens that were used."""
        body = _messages(said, model or self._asked.model, **{**more, "system": ""})
        if more.get("system"):
            body["system"] = more["system"]
        if more.get("picture"):
            data = base64.b64encode(more["picture"]).decode()
            source = {"type": "base64", "media_type": "image/png", "data": data}
            block = {"type": "image", "source": source}
            body["messages"][-1]["content"] = [block, {"type": "text", "text": said}]
        answer = self._client.messages.create(**body, max_tokens=4_096)
        text = "".join([block.text for block in answer.content if block.type == "text"])
        return text, answer.usage.input_tokens + answer.usage.output_tokens

    def pieces(self) -> list[str]:
        """Return an answer as it comes."""
        body = _messages(HELLO, self._asked.model)
        with self._client.messages.stream(**body, max_tokens=4_096) as stream:
            return list(stream.text_stream)

    def shows(self, model: str, said: str) -> bool:
        """Say whether an answer shows media."""
        return SHOWN.search(self.whole(said, model)[0]) is not None

    def wrong(self) -> object:
        """Ask for what cannot be."""
        return self._client.messages.create(**_messages(HELLO, self._asked.model), max_tokens=-1)


class Google:
    """Asks with `google-genai`."""

    name = "google-genai"
    raised = (errors.ClientError,) * 3

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        options = types.HttpOptions(base_url=asked.url)
        # It closes itself when nobody holds it.
        self._client = genai.Client(api_key=asked.key, http_options=options)
        self._models = self._client.models

    def models(self) -> set[str]:
        """List the models."""
        return {(model.name or "").removeprefix("models/") for model in self._models.list()}

    def whole(self, said: str = HELLO, model: str = "", **more: Any) -> tuple[str, int]:
        """Return an answer and the tokens that were used."""
        answer = self._answer(said, model or self._asked.model, **more)
        return answer.text or "", answer.usage_metadata.total_token_count

    def pieces(self) -> list[str]:
        """Return an answer as it comes."""
        stream = self._models.generate_content_stream(model=self._asked.model, contents=HELLO)
        return [piece.text or "" for piece in stream]

    def shows(self, model: str, said: str) -> bool:
        """Say whether an answer shows media."""
        parts = self._answer(said, model).candidates[0].content.parts
        return any(part.inline_data or part.file_data for part in parts)

    def wrong(self) -> object:
        """Ask for what cannot be."""
        config = types.GenerateContentConfig(temperature=9)
        return self._models.generate_content(model=self._asked.model, contents=HELLO, config=config)

    def _answer(self, said: str, model: str, **more: Any) -> Any:
        turns = [[types.Part(text=text)] for text in (*more.get("before", ()), said)]
        if more.get("picture"):
            picture = types.Part.from_bytes(data=more["picture"], mime_type="image/png")
            turns[-1].insert(0, picture)
        contents = [
            types.Content(role=("user", "model")[at % 2], parts=parts)
            for at, parts in enumerate(turns)
        ]
        config = types.GenerateContentConfig(system_instruction=more.get("system") or None)
        return self._models.generate_content(model=model, contents=contents, config=config)


def walk(asked: Asked) -> Iterator[Result]:
    """Yield each case as it has gone."""
    for kind in (OpenAI, Anthropic, Google):
        yield from _cases(kind, asked)


def _cases(kind: Any, asked: Asked) -> Iterator[Result]:
    client, name = kind(asked), kind.name
    nobody = kind(Asked(asked.url, NOBODYS, asked.model, "", ""))
    bad, unknown, missing = kind.raised

    def yes(what: str, try_it: Callable[[], object]) -> Result:
        return Result(f"{name}: {what}", "yes", _got(try_it))

    yield yes("the model is listed", lambda: asked.model in client.models())
    yield yes("an answer", lambda: client.whole()[0].strip())
    yield yes("tokens are counted", lambda: client.whole()[1] > 0)
    yield yes("a stream", lambda: "".join(client.pieces()).strip())
    turns = ("My name is Ada.", "Hello, Ada.")
    more = {"system": "Answer in a word.", "before": turns}
    yield yes("a system prompt and turns", lambda: client.whole("My name?", **more)[0])
    yield yes("an image to look at", lambda: client.whole("What is it?", picture=_picture())[0])
    if asked.image_model:
        yield yes("an image made", lambda: client.shows(asked.image_model, "Draw a lighthouse"))
    if asked.video_model:
        yield yes("a video made", lambda: client.shows(asked.video_model, "Film a lighthouse"))
    for what, error, status, try_it in (
        ("a wrong parameter", bad, 400, client.wrong),
        ("a wrong key", unknown, 401, nobody.whole),
        ("a wrong model", missing, 404, lambda: client.whole(model=NO_MODEL)),
    ):
        yield Result(f"{name}: {what}", f"{error.__name__} {status}", _got(try_it))


def _got(try_it: Callable[[], object]) -> str:
    """Return how a case has gone: yes, no, or the error that was raised and its status."""
    try:
        return "yes" if try_it() else "no"
    except (openai.APIConnectionError, anthropic.APIConnectionError):
        raise
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        return f"{type(error).__name__} {error.status_code}"
    except errors.APIError as error:
        return f"{type(error).__name__} {error.code}"
    except (openai.APIError, anthropic.APIError) as error:
        return f"{type(error).__name__}: {error}"


def _messages(said: str, model: str, **more: Any) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [
        {"role": ("user", "assistant")[at % 2], "content": text}
        for at, text in enumerate((*more.get("before", ()), said))
    ]
    if more.get("system"):
        messages.insert(0, {"role": "system", "content": more["system"]})
    return {"model": model, "messages": messages}


def _picture() -> bytes:
    """Return a blue square, as a PNG."""
    side = 32
    rows = zlib.compress((b"\0" + b"\x30\x70\xb0" * side) * side)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the tour, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told = os.environ.get
    parser.add_argument("--url", default=told("PLUGWAY_URL", ""), help="what comes before /v1")
    parser.add_argument("--key", default=told("PLUGWAY_KEY", ""), help="sent as it is")
    parser.add_argument("--model", default="gemini-2.5-flash", help="answers")
    parser.add_argument("--image-model", default=None, help="draws; empty: no image is made")
    parser.add_argument("--video-model", default="", help="films; empty: no video is made")
    given = parser.parse_args(arguments)
    if not given.url or not given.key:
        parser.error("--url and --key")
    draws = f"{given.model}-image" if given.image_model is None else given.image_model
    asked = Asked(given.url.rstrip("/"), given.key, given.model, draws, given.video_model)
    write = sys.stdout.write
    failed = total = 0
    write(f"{'case':<42}{'expected':<25}{'got':<40}ok\n")
    try:
        for result in walk(asked):
            total += 1
            failed += not result.ok
            write(f"{result.name:<42}{result.expected:<25}{result.got:<40}")
            write(f"{'yes' if result.ok else 'NO'}\n")
            sys.stdout.flush()
    except (openai.APIConnectionError, anthropic.APIConnectionError, OSError) as error:
        write(f"{asked.url} cannot be reached: {error}\n")
        return 1
    write(f"{total} cases, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
