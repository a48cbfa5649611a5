"""How the emulated service behaves as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from plugway_flow.emulated.jobs import State
from plugway_flow.emulated.models import Act

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Behaviour(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Says how the service behaves; each field can be set at any time.

    Attributes:
        takes: Which bodies it takes: of before 2026, of 2026, or either.
        answers: Which answers it gives; `same`: those that go with the body.
        urls: Whether polls of videos that are done tell a link: of `old` shape only, of
            `both`, or of `none`.
        looks: Polls that a video takes to its end, if `seconds` is None.
        seconds: How long a video takes; None: time does nothing.
        active: Share of that after which it is under way, and no longer waits.
        held: Whether videos stay as they are, whatever looks at them.
        fates: How videos end by a word of their prompt, such as `{"gun": "ERROR_SAFETY"}`.
            With `PENDING` and `ACTIVE` they never do. Images with such a word are refused.
        refunds: Whether credits of videos that fail are given back.
        token_seconds: How long an access token holds, if its account does not say.
        early_seconds: What is left of an access token when the site gives out another.
        session_seconds: How long a cookie holds.
        rotation: Whether the site gives out a new cookie with each answer, and whether the
            one before is `kept` then or `revoked`.
        migrated_status: Status of the site's redirects for accounts that have moved.
        migrated_to: Where those go.
        migrated_api: Status of the API for accounts that have moved.
        challenge: Whether what makes something must bring a challenge token.
        challenge_tokens: Those that are taken, each once.
        links: Seconds that a signed link holds.
        redirect_status: Status of the redirect to a link.
        project_words: What is said of a project that is not there; empty: the usual.
        models: More models of videos, by key what they do.
        withdrawn: Models of images and videos that are there no longer.
        costs: Credits by model, where they are not the usual.
        exclusive: Whether accounts of the highest tier have fast models of their own only, as
            one source saw in August 2026.
        most_images: Images of one request.
        most_jobs: Videos of one account under way at once; None: any.
        upload_bytes: Most bytes of a file sent here.
        image_type: Type of the images that are made.
        upscaled_bytes: Least bytes of an image made larger.
        extras: Fields that no documentation knows, in every answer of the API.
    """

    takes: Literal["both", "new", "old"] = "both"
    answers: Literal["same", "new", "old"] = "same"
    urls: Literal["old", "both", "none"] = "old"
    looks: Positive = 3
    seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    active: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    held: bool = False
    fates: dict[str, State] = msgspec.field(default_factory=dict)
    refunds: bool = True
    token_seconds: Seconds = 3_600.0
    early_seconds: Seconds = 300.0
    session_seconds: Seconds = 30 * 86_400.0
    rotation: Literal["none", "kept", "revoked"] = "none"
    migrated_status: Literal[301, 302, 303, 307, 308] = 307
    migrated_to: str = "https://flow.google.com/"
    migrated_api: Literal[401, 403] = 401
    challenge: bool = False
    challenge_tokens: tuple[str, ...] = ()
    links: Seconds = 3_600.0
    redirect_status: Literal[301, 302, 303, 307, 308] = 307
    project_words: str = ""
    models: dict[str, Act] = msgspec.field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()
    costs: dict[str, Count] = msgspec.field(default_factory=dict)
    exclusive: bool = False
    most_images: Positive = 4
    most_jobs: Count | None = None
    upload_bytes: Count = 20 << 20
    image_type: Literal["image/png", "image/jpeg"] = "image/png"
    upscaled_bytes: Annotated[int, msgspec.Meta(ge=0, le=1 << 28)] = 0
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
