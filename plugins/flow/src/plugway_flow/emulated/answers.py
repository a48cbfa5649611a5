"""Videos as answers tell of them, in either shape."""

from __future__ import annotations

from typing import Any

from plugway_flow.emulated.jobs import EmulatedJob
from plugway_flow.emulated.moment import stamp


def operation(job: EmulatedJob, link: str = "") -> dict[str, Any]:
    """Return a video as the old shape has it.

    Args:
        job: The video.
        link: Where it is; empty: nobody says.
    """
    inner: dict[str, Any] = {"name": job.operation}
    told = {"operation": inner, "sceneId": job.scene, "status": job.status}
    if job.error is not None:
        inner["error"] = _error(job.error)
    if job.state == "SUCCESSFUL":
        video = {
            "seed": job.seed,
            "mediaGenerationId": job.name,
            "prompt": job.prompt,
            "model": job.model.key,
            "aspectRatio": f"VIDEO_ASPECT_RATIO_{job.aspect}",
            "isLooped": False,
        }
        if link:
            video["fifeUrl"] = link
        inner["metadata"] = {"name": job.operation, "video": video}
        told["mediaGenerationId"] = job.name
    return told


def workflow(job: EmulatedJob) -> dict[str, Any]:
    """Return what the new shape says of the request for a video."""
    metadata = {
        "displayName": job.prompt[:40],
        "createTime": stamp(job.created_at),
        "primaryMediaId": job.name,
        "batchId": job.batch,
        "updateTime": stamp(job.updated_at),
    }
    return {"name": job.workflow, "metadata": metadata, "projectId": job.project}


def submitted(job: EmulatedJob) -> dict[str, Any]:
    """Return a video as the new shape has it, when it was asked for."""
    return {
        "name": job.name,
        "projectId": job.project,
        "workflowId": job.workflow,
        "mediaMetadata": {
            "createTime": stamp(job.created_at),
            "mediaStatus": {"mediaGenerationStatus": job.status},
        },
        "video": {"operation": {"name": job.name}},
    }


def polled(job: EmulatedJob, link: str = "") -> dict[str, Any]:
    """Return a video as the new shape has it, when it is asked about.

    Args:
        job: The video.
        link: Where it is; empty: nobody says, as is usual (reference §5.4).
    """
    told = submitted(job)
    if job.error is not None:
        told["video"]["operation"]["error"] = _error(job.error)
    if job.state == "SUCCESSFUL":
        generated: dict[str, Any] = {"model": job.model.key, "seed": job.seed}
        if link:
            generated["fifeUrl"] = link
        told["video"]["generatedVideo"] = generated
    return told


def _error(error: tuple[int, str]) -> dict[str, Any]:
    code, message = error
    return {"code": code, "message": message}
