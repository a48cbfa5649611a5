"""Images: made, made larger, and sent here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugway_flow.emulated import bodies, pictures
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.call import Call, Way
from plugway_flow.emulated.ids import Ids
from plugway_flow.emulated.library import Library, Medium
from plugway_flow.emulated.models import ASPECTS, IMAGES, TIERS
from plugway_flow.emulated.moment import Moment, stamp
from plugway_flow.emulated.refusals import CREDITS, DENIED, UNSAFE, Refusal, invalid, missing
from plugway_flow.emulated.schema import check, content_of

#: Pixels by aspect.
_SIZES = dict(zip(ASPECTS, ((64, 36), (36, 64), (48, 48), (64, 48), (48, 64)), strict=True))

#: Of images made larger: how many times as large, and what must have been paid for.
_LARGER = {
    "UPSAMPLE_IMAGE_RESOLUTION_2K": (2, TIERS[1]),
    "UPSAMPLE_IMAGE_RESOLUTION_4K": (4, TIERS[2]),
}

_MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")


class Images:
    """Answers for images."""

    def __init__(self, library: Library, behaviour: Behaviour, moment: Moment, ids: Ids) -> None:
        """Prepare.

        Args:
            library: Keeps them.
            behaviour: How it behaves.
            moment: Tells the time.
            ids: Names them.
        """
        self._library = library
        self._behaviour = behaviour
        self._moment = moment
        self._ids = ids

    def ways(self) -> Iterable[Way]:
        """Yield what it answers."""
        path = "/v1/projects/{project}/flowMedia:batchGenerateImages"
        yield Way(method="POST", path=path, call="image", endpoint=self._make)
        path = "/v1/flow/upsampleImage"
        yield Way(method="POST", path=path, call="upscale_image", endpoint=self._enlarge)
        path = "/v1/flow/uploadImage"
        yield Way(method="POST", path=path, call="upload", endpoint=self._upload)
        path = "/v1:uploadUserImage"
        yield Way(method="POST", path=path, call="upload", endpoint=self._upload_old)

    def _make(self, call: Call) -> dict[str, Any]:
        body, account = call.body, call.account
        check(body, bodies.IMAGES)
        shape = bodies.shape(body, ("mediaGenerationContext", "useNewMedia"), self._behaviour)
        requests = body["requests"]
        if len(requests) > self._behaviour.most_images:
            raise invalid("requests", f"At most {self._behaviour.most_images} requests.")
        project = call.request.match_info["project"]
        bodies.own(project, account, self._behaviour)
        context = body.get("clientContext") or {}
        if shape == "new":
            if not body.get("useNewMedia") or "mediaGenerationContext" not in body:
                raise invalid("use_new_media")
            if bodies.project(context, account, self._behaviour) != project:
                raise invalid("client_context.project_id")
        else:
            context = requests[0].get("clientContext") or context
        bodies.session(context)
        for index, asked in enumerate(requests):
            self._examine(asked, shape, f"requests[{index}]", call)
        bodies.challenge(context, account, self._behaviour)
        prompts = [_text(asked, shape) for asked in requests]
        for word in self._behaviour.fates:
            if any(word in prompt for prompt in prompts):
                raise Refusal(400, reason=UNSAFE)
        cost = sum(self._cost(asked) for asked in requests)
        if cost > account.credits:
            raise Refusal(429, reason=CREDITS)
        account.credits -= cost
        made = [
            self._picture(asked, prompt, project, call)
            for asked, prompt in zip(requests, prompts, strict=True)
        ]
        batch = (body.get("mediaGenerationContext") or {}).get("batchId", "")
        return self._told(made, requests, batch)

    def _examine(self, asked: dict[str, Any], shape: bodies.Shape, path: str, call: Call) -> None:
        """Refuse a request for one image."""
        bodies.prompt(asked, shape, f"{path}.prompt")
        bodies.seed(asked["seed"], f"{path}.seed")
        model = asked["imageModelName"]
        if model not in IMAGES or model in self._behaviour.withdrawn:
            told = f"Invalid value at '{path}.image_model_name' (TYPE_ENUM), \"{model}\""
            raise invalid(f"{path}.image_model_name", told)
        for given in asked.get("imageInputs") or []:
            self._library.own(call.account, given["name"], "image")

    def _cost(self, asked: dict[str, Any]) -> int:
        return self._behaviour.costs.get(asked["imageModelName"], 0)

    def _picture(self, asked: dict[str, Any], prompt: str, project: str, call: Call) -> Medium:
        aspect = asked["imageAspectRatio"].removeprefix("IMAGE_ASPECT_RATIO_")
        width, height = _SIZES[aspect]
        name = self._ids.uuid()
        mime_type = self._behaviour.image_type
        draw = pictures.png if mime_type == "image/png" else pictures.jpeg
        about = f"{asked['imageModelName']}/{prompt}/{asked['seed']}/{name}"
        medium = Medium(
            name=name,
            account=call.account.name,
            project=project,
            kind="image",
            content=draw(about, width, height),
            mime_type=mime_type,
            at=self._moment.now(),
            model=asked["imageModelName"],
            prompt=prompt,
            aspect=aspect,
            width=width,
            height=height,
        )
        return self._library.add(medium)

    def _told(
        self, made: list[Medium], requests: list[dict[str, Any]], batch: str
    ) -> dict[str, Any]:
        workflows, media = [], []
        for medium, asked in zip(made, requests, strict=True):
            workflow = self._ids.uuid()
            times = {"createTime": stamp(medium.at), "updateTime": stamp(medium.at)}
            metadata = {"primaryMediaId": medium.name, "batchId": batch, **times}
            workflows.append({"name": workflow, "metadata": metadata, "projectId": medium.project})
            generated = {
                "seed": asked["seed"],
                "mediaGenerationId": medium.name,
                "prompt": medium.prompt,
                "modelNameType": medium.model,
                "aspectRatio": asked["imageAspectRatio"],
                "fifeUrl": self._library.link(medium),
            }
            size = {"width": medium.width, "height": medium.height}
            media.append(
                {
                    "name": medium.name,
                    "projectId": medium.project,
                    "workflowId": workflow,
                    "image": {"generatedImage": generated, "dimensions": size},
                }
            )
        return {"media": media, "workflows": workflows}

    def _enlarge(self, call: Call) -> dict[str, Any]:
        body, account = call.body, call.account
        check(body, bodies.UPSCALE)
        context = body["clientContext"]
        bodies.session(context)
        project = bodies.project(context, account, self._behaviour)
        said = bodies.tier(context, account)
        medium = self._library.own(account, body["mediaId"], "image")
        if medium.project not in ("", project):
            raise missing()
        scale, least = _LARGER[body["targetResolution"]]
        if TIERS.index(said) < TIERS.index(least):
            raise Refusal(403, reason=DENIED)
        bodies.challenge(context, account, self._behaviour)
        width, height = (medium.width or 48) * scale, (medium.height or 48) * scale
        larger = pictures.jpeg(f"{medium.name}/{scale}", width, height)
        # What follows the end of a JPEG is no part of the picture.
        larger += bytes(max(0, self._behaviour.upscaled_bytes - len(larger)))
        return {"encodedImage": pictures.encoded(larger)}

    def _upload(self, call: Call) -> dict[str, Any]:
        check(call.body, bodies.UPLOAD_NEW)
        if self._behaviour.takes == "old":
            raise missing()
        context = call.body["clientContext"]
        bodies.session(context)
        project = bodies.project(context, call.account, self._behaviour)
        medium = self._keep(call, call.body["imageBytes"], call.body["mimeType"], project)
        workflow = {"name": self._ids.uuid(), "projectId": project}
        media = {"name": medium.name, "projectId": project, "workflowId": workflow["name"]}
        return {"media": media, "workflow": workflow}

    def _upload_old(self, call: Call) -> dict[str, Any]:
        check(call.body, bodies.UPLOAD_OLD)
        if self._behaviour.takes == "new":
            raise missing()
        context, given = call.body["clientContext"], call.body["imageInput"]
        bodies.session(context)
        if context.get("tool") != "ASSET_MANAGER":
            raise invalid("client_context.tool")
        medium = self._keep(call, given["rawImageBytes"], given["mimeType"], "")
        size = {"width": medium.width, "height": medium.height}
        return {"mediaGenerationId": {"mediaGenerationId": medium.name}, **size}

    def _keep(self, call: Call, text: str, mime_type: str, project: str) -> Medium:
        """Keep an image that was sent here."""
        content = content_of(text, "image_bytes")
        if mime_type not in _MIME_TYPES or len(content) > self._behaviour.upload_bytes:
            raise invalid("mime_type")
        try:
            found, width, height = pictures.seen(content)
        except ValueError:
            raise invalid("image_bytes") from None
        if found != mime_type:
            raise invalid("mime_type")
        return self._library.add(
            Medium(
                name=self._ids.uuid(),
                account=call.account.name,
                project=project,
                kind="image",
                content=content,
                mime_type=mime_type,
                at=self._moment.now(),
                width=width,
                height=height,
            )
        )


def _text(asked: dict[str, Any], shape: bodies.Shape) -> str:
    return bodies.prompt(asked, shape, "prompt")
