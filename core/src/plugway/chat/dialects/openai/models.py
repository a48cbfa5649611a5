"""`GET /v1/models` and `GET /v1/models/{id}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from starlette.responses import JSONResponse

from plugway.errors import NotFound

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.contract import ChatModel
    from plugway.gateway import Gateway
    from plugway.request import Request

PATH = "/v1/models"

#: Header by which clients of Anthropic's API say that they are.
ANTHROPICS = b"anthropic-version"


class ListedModel(msgspec.Struct, frozen=True, kw_only=True):
    """Is one model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """Lists the models that a key can use."""

    object: Literal["list"] = "list"
    data: list[ListedModel]


class Models:
    """Tells which models there are.

    Anthropic's API has the same paths; clients of that one say so by the header
    `anthropic-version`, and are answered in its shape.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Take what knows the models.

        Args:
            gateway: Its chat is asked when a request comes.
        """
        self._gateway = gateway

    async def listed(self, request: Request) -> ASGIApp:
        """List the models that the caller can use.

        Args:
            request: The client's.
        """
        await self._gateway.chat.admit(request)
        models = self._gateway.chat.models(request.principal)
        if _anthropic(request):
            from plugway.chat.dialects.anthropic.listing import listing

            return JSONResponse(listing(models, request.query_params))
        shown = msgspec.to_builtins(ModelList(data=[_shown(model) for model in models]))
        shown["data"] = [
            _with(one, model) for one, model in zip(shown["data"], models, strict=True)
        ]
        return JSONResponse(shown)

    async def one(self, request: Request) -> ASGIApp:
        """Tell of one model, whose id may hold slashes.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has no such model.
        """
        name = request.path.removeprefix(f"{PATH}/")
        if not name:
            return await self.listed(request)
        await self._gateway.chat.admit(request)
        # What is not listed is not there, though a key may name it and no channel serve it.
        for model in self._gateway.chat.models(request.principal):
            if model.id == name:
                break
        else:
            raise NotFound(f"the model {name[:128]!r} does not exist", field="model")
        if _anthropic(request):
            from plugway.chat.dialects.anthropic.listing import described

            return JSONResponse(described(model))
        return JSONResponse(_with(msgspec.to_builtins(_shown(model)), model))


def _anthropic(request: Request) -> bool:
    return ANTHROPICS.decode() in request.headers


def _shown(model: ChatModel) -> ListedModel:
    return ListedModel(id=model.id, created=model.created, owned_by=model.owner or "plugway")


def _with(entry: dict[str, Any], model: ChatModel) -> dict[str, Any]:
    """Return an entry with the fields that its plugin adds; those of the dialect stay."""
    return {**model.shown, **entry}
