"""The check of a request, before anything is charged."""

from __future__ import annotations

import msgspec

from plugway import Usage
from plugway_kling import capabilities
from plugway_kling.refusal import refused, required, translated
from plugway_kling.requests.built_on import resources_in
from plugway_kling.requests.kinds import KINDS, type_of
from plugway_kling.requests.reading import present, read_object

#: Characters of a model in a path; a tariff key has 128 with its prefix.
_MAX_MODEL = 96


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what the gateway must know of a request.

    Attributes:
        model: The model, the documented default filled in. Endpoints without a choice have
            a name of their own, such as `kling-effects`.
        named: Whether that is a model that the upstream knows, and a channel must list; else it
            stands for the endpoint, which every account of the upstream's has.
        usages: What its success will use; the dearest reading of what the request leaves open.
        external_id: The caller's own id of the task.
        callback_url: Where the caller wants to hear of it.
        resources: Kind and name of what the request builds on: "session", "video",
            "element", "voice", "audio". Only the credential that made it knows it.
    """

    model: str
    named: bool = True
    usages: tuple[Usage, ...]
    external_id: str | None = None
    callback_url: str | None = None
    resources: tuple[tuple[str, str], ...] = ()


def check(
    kind: str, body: bytes, *, model: str | None = None, strict_capabilities: bool = False
) -> Checked:
    """Check a request.

    Args:
        kind: End of the endpoint's path; `new/…` for the newer generation.
        body: As the client sent it.
        model: The model in the path, for the newer generation.
        strict_capabilities: Refuse what the documented table says a model cannot do, instead
            of leaving that to the upstream, whose table changes often.

    Raises:
        BadRequest: It is wrong; the field is named as the client spelt it.
        NotFound: There is no such endpoint.

    Example:
        >>> check("text2video", b'{"prompt": "a lighthouse", "image_list": []}').model
        'kling-v1'
    """
    type_ = type_of(kind)
    data = present(read_object(body))
    try:
        request = msgspec.convert(data, type_, strict=False)
    except msgspec.ValidationError as error:
        raise translated(error, type_) from None
    request.examine()
    if strict_capabilities:
        capabilities.examine(request)
    used = request.used_model() or model
    if used is None:
        raise required("model")
    if len(used) > _MAX_MODEL:
        raise refused("model", f"it has more than {_MAX_MODEL} characters")
    external_id, callback_url = request.told()
    return Checked(
        model=used,
        named=model is not None or "model_name" in type_.__struct_fields__,
        usages=request.usages(used),
        external_id=external_id,
        callback_url=callback_url,
        resources=resources_in(data),
    )


def kinds() -> frozenset[str]:
    """Return the endpoints that `check` knows."""
    return frozenset(KINDS)


def schema(kind: str) -> type[msgspec.Struct] | None:
    """Return the struct that describes an endpoint's requests; None: it is not known.

    Args:
        kind: End of the endpoint's path.
    """
    return KINDS.get(kind)
