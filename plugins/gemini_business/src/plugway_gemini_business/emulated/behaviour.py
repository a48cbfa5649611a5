"""How the emulated service behaves as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from plugway_gemini_business.emulated.models import MODELS

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Behaviour(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Says how the service behaves; each field can be set at any time.

    Attributes:
        models: What it takes as `modelId`.
        unknown_models: `refuse` other models, or let the `default` one answer, as reference
            §1.10 suspects.
        cookie_seconds: How long a sign-in lasts: about 12 h (reference §1.2).
        key_seconds: How long a signing key is given out.
        skew_seconds: How far the clocks of clients may be off.
        mint_interval: Seconds between two questions for an account's key, else 429.
        renews: Whether the page after the sign-in gives out new cookies.
        renewal_revokes: Whether the cookies before those end then.
        show_code: Whether the sign-in page shows the code that a mail would have.
        chunks: How answers are cut: `awkward`: amid strings, escapes and characters;
            `element`: not at all; or so many bytes each.
        pause: Seconds between two elements of an answer, at the most: `release` ends it.
        gzip: Whether answers are compressed for clients that take it.
        media_as: Generated media come as `file`, to be downloaded, or `inline`.
        hidden_lists: Questions for a session's files that do not show a new one yet.
        download: Where files are: below `/download` only, or without it only, with a
            redirect. The sources disagree (reference §1.1).
        image_side: Pixels of the side of a generated image, if the question does not say.
        image_bytes: Least bytes of a generated image, whatever its side would be.
        file_bytes: Most bytes of a file sent here.
        file_uris: Whether files are fetched from where `fileUri` points.
        quota_as: A quota that is used up is told `inside` an answer with status 200, or by
            the `status` 429.
        retry_after: Seconds of Retry-After beside the status 429; None: it is not sent.
        listed_errors: Whether the streaming method refuses in an array.
        extras: Fields that no documentation knows, in every element of an answer.
    """

    models: tuple[str, ...] = MODELS
    unknown_models: Literal["refuse", "default"] = "refuse"
    cookie_seconds: Seconds = 43_200.0
    key_seconds: Annotated[float, msgspec.Meta(gt=0)] = 3_600.0
    skew_seconds: Seconds = 10.0
    mint_interval: Seconds = 0.0
    renews: bool = True
    renewal_revokes: bool = False
    show_code: bool = True
    chunks: Literal["awkward", "element"] | Annotated[int, msgspec.Meta(ge=1)] = "awkward"
    pause: Seconds = 0.0
    gzip: bool = True
    media_as: Literal["file", "inline"] = "file"
    hidden_lists: Count = 0
    download: Literal["download", "redirect"] = "download"
    image_side: Annotated[int, msgspec.Meta(ge=1, le=8_192)] = 16
    image_bytes: Annotated[int, msgspec.Meta(ge=0, le=1 << 28)] = 0
    file_bytes: Count = 30 << 20
    file_uris: bool = True
    quota_as: Literal["inside", "status"] = "inside"
    retry_after: Count | None = None
    listed_errors: bool = False
    extras: dict[str, Any] = msgspec.field(
        default_factory=lambda: {"trace": {"region": "emulated", "shard": 836594751283910737}}
    )

    def change(self, fields: bytes) -> None:
        """Set fields.

        Args:
            fields: JSON of those to set, and no others.

        Raises:
            msgspec.ValidationError: One is not known, or cannot be so.
        """
        merged = {**msgspec.to_builtins(self), **msgspec.json.decode(fields, type=dict[str, Any])}
        changed = msgspec.convert(merged, Behaviour)
        for name in self.__struct_fields__:
            setattr(self, name, getattr(changed, name))
