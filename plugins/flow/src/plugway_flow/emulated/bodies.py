"""What the bodies of requests may hold: those of before 2026, and those of 2026."""

from __future__ import annotations

import re
from typing import Any, Literal

from plugway_flow.emulated.accounts import Account
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.models import ASPECTS, TIERS, Tier
from plugway_flow.emulated.refusals import DENIED, UNUSUAL, Refusal, invalid, missing
from plugway_flow.emulated.schema import Field

Shape = Literal["old", "new"]

TOOL = "PINHOLE"

#: Seeds go up to here (reference §5.4).
MOST_SEED = 99_999

_SESSION = re.compile(r";\d{10,16}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

TEXT = {"parts": Field({"text": Field("string", needed=True)}, needed=True, repeated=True)}

CONTEXT = {
    "sessionId": Field("string", needed=True),
    "projectId": Field("string"),
    "tool": Field((TOOL, "ASSET_MANAGER")),
    "userPaygateTier": Field(TIERS),
    "recaptchaToken": Field("string"),
    "recaptchaContext": Field({"token": Field("string"), "applicationType": Field("string")}),
}

GENERATION = {
    "batchId": Field("string", needed=True),
    "audioFailurePreference": Field(("BLOCK_SILENCED_VIDEOS", "ALLOW_SILENCED_VIDEOS")),
}

IMAGE = {
    "clientContext": Field(CONTEXT),
    "seed": Field("int32", needed=True),
    "imageModelName": Field("string", needed=True),
    "imageAspectRatio": Field(
        tuple(f"IMAGE_ASPECT_RATIO_{aspect}" for aspect in ASPECTS), needed=True
    ),
    "prompt": Field("string"),
    "structuredPrompt": Field(TEXT),
    "imageInputs": Field(
        {
            "name": Field("string", needed=True),
            "imageInputType": Field(("IMAGE_INPUT_TYPE_REFERENCE",), needed=True),
        },
        repeated=True,
    ),
}

IMAGES = {
    "clientContext": Field(CONTEXT),
    "mediaGenerationContext": Field(GENERATION),
    "useNewMedia": Field("bool"),
    "requests": Field(IMAGE, needed=True, repeated=True),
}

UPSCALE = {
    "mediaId": Field("string", needed=True),
    "targetResolution": Field(
        ("UPSAMPLE_IMAGE_RESOLUTION_2K", "UPSAMPLE_IMAGE_RESOLUTION_4K"), needed=True
    ),
    "clientContext": Field(CONTEXT, needed=True),
}

_FRAME = {"mediaId": Field("string", needed=True), "cropCoordinates": Field("any")}

VIDEO = {
    "aspectRatio": Field(
        ("VIDEO_ASPECT_RATIO_LANDSCAPE", "VIDEO_ASPECT_RATIO_PORTRAIT"), needed=True
    ),
    "seed": Field("int32", needed=True),
    "textInput": Field({"prompt": Field("string"), "structuredPrompt": Field(TEXT)}),
    "videoModelKey": Field("string", needed=True),
    "metadata": Field({"sceneId": Field("string")}),
    "startImage": Field(_FRAME),
    "endImage": Field(_FRAME),
    "referenceImages": Field(
        {
            "imageUsageType": Field(("IMAGE_USAGE_TYPE_ASSET",), needed=True),
            "mediaId": Field("string", needed=True),
        },
        repeated=True,
    ),
    "videoInput": Field({"mediaId": Field("string", needed=True)}),
    "resolution": Field(("VIDEO_RESOLUTION_1080P", "VIDEO_RESOLUTION_4K")),
}

VIDEOS = {
    "clientContext": Field(CONTEXT, needed=True),
    "mediaGenerationContext": Field(GENERATION),
    "useV2ModelConfig": Field("bool"),
    "requests": Field(VIDEO, needed=True, repeated=True),
}

POLL = {
    "operations": Field(
        {
            "operation": Field({"name": Field("string", needed=True)}, needed=True),
            "sceneId": Field("string"),
            "status": Field("string"),
        },
        repeated=True,
    ),
    "media": Field(
        {"name": Field("string", needed=True), "projectId": Field("string", needed=True)},
        repeated=True,
    ),
}

UPLOAD_OLD = {
    "imageInput": Field(
        {
            "rawImageBytes": Field("string", needed=True),
            "mimeType": Field("string", needed=True),
            "isUserUploaded": Field("bool", needed=True),
            "aspectRatio": Field(
                tuple(f"IMAGE_ASPECT_RATIO_{aspect}" for aspect in ASPECTS), needed=True
            ),
        },
        needed=True,
    ),
    "clientContext": Field(CONTEXT, needed=True),
}

UPLOAD_NEW = {
    "clientContext": Field(CONTEXT, needed=True),
    "fileName": Field("string", needed=True),
    "imageBytes": Field("string", needed=True),
    "isHidden": Field("bool"),
    "isUserUploaded": Field("bool", needed=True),
    "mimeType": Field("string", needed=True),
}


def shape(body: dict[str, Any], marks: tuple[str, ...], behaviour: Behaviour) -> Shape:
    """Return which shape a body has.

    Args:
        body: The body.
        marks: What only the new shape has.
        behaviour: Which shapes are taken.

    Raises:
        Refusal: That shape is not taken.
    """
    found = [mark for mark in marks if mark in body]
    if found and behaviour.takes == "old":
        told = f'Invalid JSON payload received. Unknown name "{found[0]}": Cannot find field.'
        raise invalid(found[0], told)
    if not found and behaviour.takes == "new":
        raise invalid(marks[0])
    return "new" if found else "old"


def answered_as(asked: Shape, behaviour: Behaviour) -> Shape:
    """Return the shape of the answer."""
    return asked if behaviour.answers == "same" else behaviour.answers


def prompt(asked: dict[str, Any], shape: Shape, path: str) -> str:
    """Return the text of a request.

    Args:
        asked: What holds it.
        shape: Of the body.
        path: Where it is.

    Raises:
        Refusal: There is none, or it is of the other shape.
    """
    wanted, other = ("structuredPrompt", "prompt") if shape == "new" else ("prompt", "structured")
    if any(name.startswith(other) for name in asked) or not asked.get(wanted):
        raise invalid(path)
    text: str = asked["prompt"] if shape == "old" else "\n".join(_parts(asked["structuredPrompt"]))
    if not text.strip():
        raise invalid(path)
    return text


def seed(value: int, path: str) -> int:
    """Return a seed.

    Raises:
        Refusal: It is out of bounds.
    """
    if not 1 <= value <= MOST_SEED:
        raise invalid(path, f"{path} must be from 1 to {MOST_SEED}.")
    return value


def session(context: dict[str, Any], path: str = "client_context") -> None:
    """Refuse a context whose session is not written as the site does: `;` and milliseconds.

    Raises:
        Refusal: It is not.
    """
    if not _SESSION.fullmatch(context.get("sessionId", "")):
        raise invalid(f"{path}.session_id")


def scene(value: str, path: str) -> str:
    """Return the id of a scene.

    Raises:
        Refusal: It is no UUID.
    """
    if not _UUID.fullmatch(value):
        raise invalid(path)
    return value


def project(context: dict[str, Any], account: Account, behaviour: Behaviour) -> str:
    """Return the project of a context.

    Raises:
        Refusal: There is none, or the account has none such, or the tool is another one.
    """
    if context.get("tool") != TOOL:
        raise invalid("client_context.tool")
    id_: str = context.get("projectId", "")
    if not id_:
        raise invalid("client_context.project_id")
    own(id_, account, behaviour)
    return id_


def own(project: str, account: Account, behaviour: Behaviour) -> None:
    """Refuse a project that an account has not.

    Raises:
        Refusal: 404.
    """
    if project not in account.projects:
        raise missing(behaviour.project_words)


def tier(context: dict[str, Any], account: Account) -> Tier:
    """Return what an account says that it has paid for.

    Raises:
        Refusal: It says nothing, or more than is so.
    """
    if "userPaygateTier" not in context:
        raise invalid("client_context.user_paygate_tier")
    said: Tier = context["userPaygateTier"]
    if TIERS.index(said) > TIERS.index(account.tier):
        raise Refusal(403, reason=DENIED)
    return said


def challenge(context: dict[str, Any], account: Account, behaviour: Behaviour) -> None:
    """Refuse what needs a challenge token and brings none, or one that is not taken.

    Raises:
        Refusal: 403.
    """
    if not behaviour.challenge and account.state != "challenged":
        return
    nested = context.get("recaptchaContext") or {}
    token = nested.get("token") or context.get("recaptchaToken")
    if token not in behaviour.challenge_tokens:
        raise Refusal(403, "reCAPTCHA evaluation failed", reason=UNUSUAL)
    left = [each for each in behaviour.challenge_tokens if each != token]
    behaviour.challenge_tokens = tuple(left)


def _parts(text: dict[str, Any]) -> list[str]:
    return [part["text"] for part in text["parts"]]
