"""Videos: asked for, asked about, and handed out as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from plugway_flow.emulated import bodies
from plugway_flow.emulated.answers import operation, polled, submitted, workflow
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.call import Call, Way
from plugway_flow.emulated.ids import Ids
from plugway_flow.emulated.jobs import EmulatedJob
from plugway_flow.emulated.library import Library
from plugway_flow.emulated.life import Life
from plugway_flow.emulated.models import TIERS, VIDEOS, Act, Tier, VideoModel
from plugway_flow.emulated.moment import Moment
from plugway_flow.emulated.pictures import encoded
from plugway_flow.emulated.refusals import CREDITS, DENIED, Refusal, invalid, missing
from plugway_flow.emulated.schema import check
from plugway_flow.emulated.truth import Truth

_ACTS: dict[str, Act] = {
    "Text": "Text",
    "StartImage": "StartImage",
    "StartAndEndImage": "StartAndEndImage",
    "ReferenceImages": "ReferenceImages",
    "ExtendVideo": "ExtendVideo",
    "UpsampleVideo": "Upsample",
}

#: What a request of an act may have beside what all have.
_FIELDS: dict[Act, tuple[str, ...]] = {
    "Text": (),
    "StartImage": ("startImage",),
    "StartAndEndImage": ("startImage", "endImage"),
    "ReferenceImages": ("referenceImages",),
    "ExtendVideo": ("videoInput",),
    "Upsample": ("videoInput", "resolution"),
}
_OWN = frozenset(name for names in _FIELDS.values() for name in names)
_MARKS = ("mediaGenerationContext", "useV2ModelConfig")

#: Most videos of one request.
_MOST = 4


class Videos:
    """Answers for videos."""

    def __init__(
        self,
        library: Library,
        life: Life,
        truth: Truth,
        behaviour: Behaviour,
        moment: Moment,
        ids: Ids,
    ) -> None:
        """Prepare.

        Args:
            library: Has the media.
            life: Moves videos.
            truth: Has videos.
            behaviour: How it behaves.
            moment: Tells the time.
            ids: Names them.
        """
        self._library = library
        self._life = life
        self._truth = truth
        self._behaviour = behaviour
        self._moment = moment
        self._ids = ids

    def ways(self) -> Iterable[Way]:
        """Yield what it answers."""
        for name, act in _ACTS.items():
            path = f"/v1/video:batchAsyncGenerateVideo{name}"
            submit = partial(self._submit, act)
            yield Way(method="POST", path=path, call="submit", endpoint=submit)
        path = "/v1/video:batchCheckAsyncVideoGenerationStatus"
        yield Way(method="POST", path=path, call="poll", endpoint=self._poll)
        yield Way(method="GET", path="/v1/media/{name}", call="media", endpoint=self._media)
        yield Way(method="GET", path="/v1/credits", call="credits", endpoint=self._credits)

    def _credits(self, call: Call) -> dict[str, Any]:
        return {"credits": call.account.credits, "userPaygateTier": call.account.tier}

    def _submit(self, act: Act, call: Call) -> dict[str, Any]:
        body, account = call.body, call.account
        check(body, bodies.VIDEOS)
        shape = self._shape(body, act)
        context, requests = body["clientContext"], body["requests"]
        bodies.session(context)
        project = bodies.project(context, account, self._behaviour)
        said = bodies.tier(context, account)
        if len(requests) > _MOST:
            raise invalid("requests", f"At most {_MOST} requests.")
        jobs = [
            self._job(act, shape, asked, f"requests[{index}]", call)
            for index, asked in enumerate(requests)
        ]
        for job in jobs:
            self._gate(job.model, said)
            job.project = project
            job.batch = (body.get("mediaGenerationContext") or {}).get("batchId", "")
        bodies.challenge(context, account, self._behaviour)
        if sum(job.cost for job in jobs) > account.credits:
            raise Refusal(429, reason=CREDITS)
        self._life.admit(account.name, len(jobs))
        for job in jobs:
            if call.mishap is not None:
                job.answer = call.mishap.kind
                job.fate = call.mishap.state if call.kind == "fate" else None
            self._life.begin(job)
        # A host of the new shape answers so even to what there is no new body for.
        answer = "new" if self._behaviour.takes == "new" else shape
        if bodies.answered_as(answer, self._behaviour) == "old":
            told: dict[str, Any] = {"operations": [operation(job) for job in jobs]}
        else:
            told = {
                "workflows": [workflow(job) for job in jobs],
                "media": [submitted(job) for job in jobs],
            }
        return {**told, "remainingCredits": account.credits}

    def _shape(self, body: dict[str, Any], act: Act) -> bodies.Shape:
        if act == "Upsample" and not any(mark in body for mark in _MARKS):
            # No source tells of another shape for it than that with a scene.
            return "old"
        shape = bodies.shape(body, _MARKS, self._behaviour)
        if shape == "new" and not (body.get("useV2ModelConfig") and body.get(_MARKS[0])):
            raise invalid("use_v2_model_config")
        return shape

    def _job(
        self, act: Act, shape: bodies.Shape, asked: dict[str, Any], path: str, call: Call
    ) -> EmulatedJob:
        """Return the video that a request asks for."""
        for name in asked:
            if name in _OWN and name not in _FIELDS[act]:
                raise invalid(f"{path}.{name}")
        model = self._model(asked["videoModelKey"], act, path)
        aspect = asked["aspectRatio"].removeprefix("VIDEO_ASPECT_RATIO_")
        if model.aspect not in ("", aspect):
            raise invalid(f"{path}.aspect_ratio")
        text = ""
        if act != "Upsample":
            text = bodies.prompt(asked.get("textInput") or {}, shape, f"{path}.text_input")
        elif "textInput" in asked:
            raise invalid(f"{path}.text_input")
        scene = (asked.get("metadata") or {}).get("sceneId", "")
        if scene or shape == "old":
            scene = bodies.scene(scene, f"{path}.metadata.scene_id")
        now, name = self._moment.now(), self._ids.uuid()
        return EmulatedJob(
            name=name,
            operation=name if shape == "new" else self._ids.hex(),
            account=call.account.name,
            project="",
            model=model,
            aspect=aspect,
            prompt=text,
            seed=bodies.seed(asked["seed"], f"{path}.seed"),
            images=self._images(asked, model, path, call),
            source=self._source(asked, model, aspect, path, call),
            scene=scene,
            batch="",
            workflow=self._ids.uuid(),
            cost=self._behaviour.costs.get(model.key, model.cost),
            created_at=now,
            updated_at=now,
        )

    def _model(self, key: str, act: Act, path: str) -> VideoModel:
        found = VIDEOS.get((key, act))
        if self._behaviour.models.get(key) == act:
            most = {"StartImage": 1, "StartAndEndImage": 2, "ReferenceImages": 3}.get(act, 0)
            found = VideoModel(key=key, act=act, most=most)
        if found is None or key in self._behaviour.withdrawn:
            raise invalid(f"{path}.video_model_key")
        return found

    def _images(
        self, asked: dict[str, Any], model: VideoModel, path: str, call: Call
    ) -> tuple[str, ...]:
        frames = [asked[name] for name in ("startImage", "endImage") if asked.get(name)]
        if frames and not asked.get("startImage"):
            raise invalid(f"{path}.start_image")
        given = [each["mediaId"] for each in (*frames, *(asked.get("referenceImages") or []))]
        if not model.least <= len(given) <= model.most:
            raise invalid(path)
        for name in given:
            self._library.own(call.account, name, "image")
        return tuple(given)

    def _source(
        self, asked: dict[str, Any], model: VideoModel, aspect: str, path: str, call: Call
    ) -> str:
        if model.act not in ("ExtendVideo", "Upsample"):
            return ""
        name: str = (asked.get("videoInput") or {}).get("mediaId", "")
        if not name:
            raise invalid(f"{path}.video_input.media_id")
        found = self._library.own(call.account, name, "video")
        if found.aspect != aspect:
            raise invalid(f"{path}.aspect_ratio")
        if model.act == "Upsample":
            wanted = model.key.rpartition("_")[2].upper()
            if asked.get("resolution") != f"VIDEO_RESOLUTION_{wanted}":
                raise invalid(f"{path}.resolution")
        return name

    def _gate(self, model: VideoModel, said: Tier) -> None:
        """Refuse a model that an account has not paid for."""
        if TIERS.index(said) < TIERS.index(model.tier):
            raise Refusal(403, reason=DENIED)
        plainly = "_fast" in model.key and model.seconds == 8 and model.tier != said
        if self._behaviour.exclusive and said == TIERS[-1] and plainly:
            raise Refusal(403, reason=DENIED)

    def _poll(self, call: Call) -> dict[str, Any]:
        check(call.body, bodies.POLL)
        operations, media = call.body.get("operations") or [], call.body.get("media") or []
        if bool(operations) == bool(media):
            raise invalid("media" if media else "operations")
        shape = bodies.shape(call.body, ("media",), self._behaviour)
        names = [each["operation"]["name"] for each in operations]
        jobs = [self._own(call, name) for name in names or [each["name"] for each in media]]
        for job, given in zip(jobs, media, strict=False):
            if given["projectId"] != job.project:
                raise missing()
        for job in jobs:
            self._life.look(job)
        answer = bodies.answered_as(shape, self._behaviour)
        urls = self._behaviour.urls
        tells = urls == "both" or (urls == "old" and answer == "old")
        links = {
            job.name: self._library.link(self._library.media[job.name])
            for job in jobs
            if tells and job.name in self._library.media and call.kind != "no_url"
        }
        if answer == "old":
            told = [operation(job, links.get(job.name, "")) for job in jobs]
            return {"operations": told, "remainingCredits": call.account.credits}
        return {"media": [polled(job, links.get(job.name, "")) for job in jobs]}

    def _own(self, call: Call, name: str) -> EmulatedJob:
        for job in self._truth.jobs.values():
            if name in (job.name, job.operation) and job.account == call.account.name:
                return job
        raise missing()

    def _media(self, call: Call) -> dict[str, Any]:
        medium = self._library.own(call.account, call.request.match_info["name"])
        told: dict[str, Any] = {"name": medium.name, "projectId": medium.project}
        content = encoded(medium.content)
        if medium.kind == "image":
            return {**told, "image": {"encodedImage": content}}
        aspect = f"VIDEO_ASPECT_RATIO_{medium.aspect}"
        video = {"encodedVideo": content, "model": medium.model, "aspectRatio": aspect}
        return {**told, "video": {**video, "prompt": medium.prompt}}
