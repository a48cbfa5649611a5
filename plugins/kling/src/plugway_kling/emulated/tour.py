"""Calls for the demo, through the gateway."""

from __future__ import annotations

from plugway import Tour


def tour(name: str) -> tuple[Tour, ...]:
    """Return the tour.

    Args:
        name: An external id that no task has yet: the gateway remembers those of earlier runs.
    """
    return (
        Tour(
            title="text to video: 5 units are 2500000 credits, held until it ends",
            path="/kling/v1/videos/text2video",
            json={
                "model_name": "kling-v1",
                "prompt": "a lighthouse in a storm",
                "mode": "std",
                "duration": "5",
                "external_task_id": name,
            },
        ),
        Tour(
            title="ask how it is doing, by an id of one's own: free",
            method="GET",
            path=f"/kling/v1/videos/text2video/{name}",
        ),
        Tour(
            title="an image: 5 units are 2500000 credits",
            path="/kling/v1/images/generations",
            json={"model_name": "kling-v1", "prompt": "a lighthouse in a storm", "n": 1},
        ),
        Tour(
            title="begin to edit a video: 5 units are 2500000 credits, charged at once",
            path="/kling/v1/videos/multi-elements/init-selection",
            json={"video_url": "https://example.com/a-lighthouse.mp4"},
        ),
        Tour(
            title="list one's videos: free",
            method="GET",
            path="/kling/v1/videos/text2video?pageNum=1&pageSize=5",
        ),
        Tour(
            title="send a request that is refused, with the field named: it costs nothing",
            path="/kling/v1/videos/text2video",
            json={"model_name": "kling-v1", "prompt": "a lighthouse", "duration": "7"},
            expect=400,
        ),
        Tour(
            title="ask for a task that is not there",
            method="GET",
            path="/kling/v1/videos/image2video/000000000000000000",
            expect=404,
        ),
    )
