"""Endpoints that list models."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from plugway.chat.dialects.gemini.fields import Fields, wrong
from plugway.chat.dialects.gemini.generation import below_models, reply
from plugway.chat.dialects.gemini.wire import ListModelsResponse, Model

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.contract import ChatModel
    from plugway.gateway import Gateway
    from plugway.request import Request

#: Google's: models on a page that is not asked to be of another size, and at the most.
PAGE = 50
MAX_PAGE = 1000

METHODS = ("generateContent", "countTokens")


class Models:
    """Lists the models that a caller can use, and describes one."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Its parts are used when a request comes.
        """
        self._gateway = gateway

    async def list(self, request: Request) -> ASGIApp:
        """List models by name, page by page.

        Raises:
            BadRequest: The size of the page or its token is none.
        """
        await self._gateway.chat.admit(request)
        query = Fields(dict(request.query_params))
        # A page of no size is one of the usual size, as officially.
        size = query.integer("pageSize", 0, 2**31 - 1) or PAGE
        size = min(size, MAX_PAGE)
        after = _after(query)
        found = self._gateway.chat.models(request.principal)
        models = [model for model in found if model.id > after]
        page = models[:size]
        token = None
        if len(models) > size:
            token = base64.urlsafe_b64encode(page[-1].id.encode()).decode()
        listed = tuple([described(model) for model in page])
        return reply(ListModelsResponse(models=listed, next_page_token=token))

    async def get(self, request: Request) -> ASGIApp:
        """Describe one model.

        Raises:
            NotFound: This caller has no such model.
        """
        await self._gateway.chat.admit(request)
        model = self._gateway.chat.model(below_models(request), request.principal)
        return reply(described(model))


def described(model: ChatModel) -> Model:
    """Return a model as this dialect describes it.

    Args:
        model: The model.
    """
    heats = "temperature" in model.honours
    return Model(
        name=f"models/{model.id}",
        base_model_id=model.listed_as,
        version="001",
        display_name=model.title or model.id,
        description=model.description or None,
        input_token_limit=model.input_limit,
        output_token_limit=model.output_limit,
        supported_generation_methods=METHODS,
        temperature=1.0 if heats else None,
        max_temperature=2.0 if heats else None,
        thinking=True if "reasoning" in model.honours else None,
    )


def _after(query: Fields) -> str:
    token = query.text("pageToken")
    if not token:
        return ""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise wrong(query.spelt("pageToken"), "is none that this list gave") from None
