"""The bodies of the widget methods: reference §1.5 to §1.9, and the official StreamAssist."""

from __future__ import annotations

from typing import Any

from plugway_gemini_business.emulated.refusals import invalid
from plugway_gemini_business.emulated.schema import Field, check, decoded

_TEXT = Field("string")
_NAME = Field("string", needed=True)
_EMPTY = Field({})

CREATE = {"session": Field({"name": _TEXT, "displayName": _TEXT}, needed=True)}
NAMED = {"name": _NAME}
LIST_SESSIONS = {
    "parent": _TEXT,
    "pageSize": Field("int32"),
    "pageToken": _TEXT,
    "filter": _TEXT,
    "orderBy": _TEXT,
}
UPLOAD = {
    "name": _NAME,
    "fileName": _TEXT,
    "mimeType": _TEXT,
    "fileContents": Field("bytes"),
    "fileUri": _TEXT,
}
LIST_FILES = {"name": _NAME, "filter": _TEXT}
ASK = {
    "session": _NAME,
    "query": Field({"parts": Field({"text": _TEXT}, repeated=True)}, needed=True),
    "filter": _TEXT,
    "fileIds": Field("string", repeated=True),
    "answerGenerationMode": Field(("NORMAL",)),
    "assistSkippingMode": Field(("REQUEST_ASSIST",)),
    "languageCode": _TEXT,
    "userMetadata": Field({"timeZone": _TEXT}),
    "toolsSpec": Field(
        {
            "webGroundingSpec": _EMPTY,
            "toolRegistry": Field(("default_tool_registry",)),
            "imageGenerationSpec": _EMPTY,
            "videoGenerationSpec": _EMPTY,
            "vertexAiSearchSpec": _EMPTY,
        }
    ),
    "assistGenerationConfig": Field({"modelId": _TEXT}),
}


def envelope(content: bytes, name: str, fields: dict[str, Field]) -> tuple[str, dict[str, Any]]:
    """Open the envelope that every widget method has.

    Args:
        content: The body.
        name: Name of the request in it, such as `createSessionRequest`.
        fields: What the request may have.

    Returns:
        The `configId`, and the request.

    Raises:
        Refusal: One of its parts is not as it should be.
    """
    body = decoded(content)
    outer = {
        "configId": Field("string", needed=True),
        "additionalParams": Field({"token": Field("string", needed=True)}, needed=True),
        name: Field(fields, needed=True),
    }
    check(body, outer)
    token = body["additionalParams"]["token"]
    if token != "-":  # noqa: S105  # what stands for no token
        raise invalid("additional_params.token", f"Invalid token '{token}'.")
    return body["configId"], body[name]
