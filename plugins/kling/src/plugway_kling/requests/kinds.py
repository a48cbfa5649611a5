"""Which endpoint takes which request."""

from __future__ import annotations

from collections.abc import Mapping

from plugway import NotFound
from plugway_kling.requests.audio import TextToAudio, Tts, VideoToAudio
from plugway_kling.requests.avatar import AdvancedLipSync, Avatar, IdentifyFace, LipSync
from plugway_kling.requests.generation2 import (
    NewImageToVideo,
    NewMotionControl,
    NewOmniVideo,
    NewTextToVideo,
)
from plugway_kling.requests.image2video import Image2Video
from plugway_kling.requests.image_editing import AiMultiShot, Expand, ImageRecognize, TryOn
from plugway_kling.requests.images import Generations, MultiImage2Image, OmniImage
from plugway_kling.requests.library import (
    AdvancedCustomElement,
    CustomElement,
    CustomVoice,
    DeleteElement,
    DeleteVoice,
)
from plugway_kling.requests.more_video import Effects, VideoExtend
from plugway_kling.requests.motion_control import MotionControl
from plugway_kling.requests.multi_elements import (
    AddSelection,
    ClearSelection,
    DeleteSelection,
    InitSelection,
    MultiElements,
    PreviewSelection,
)
from plugway_kling.requests.multi_image2video import MultiImage2Video
from plugway_kling.requests.omni_video import OmniVideo
from plugway_kling.requests.request import Request
from plugway_kling.requests.text2video import Text2Video

#: By the end of the endpoint's path; the newer generation's have a prefix of ours.
KINDS: Mapping[str, type[Request]] = {
    "text2video": Text2Video,
    "image2video": Image2Video,
    "multi-image2video": MultiImage2Video,
    "omni-video": OmniVideo,
    "motion-control": MotionControl,
    "multi-elements": MultiElements,
    "init-selection": InitSelection,
    "add-selection": AddSelection,
    "delete-selection": DeleteSelection,
    "clear-selection": ClearSelection,
    "preview-selection": PreviewSelection,
    "video-extend": VideoExtend,
    "identify-face": IdentifyFace,
    "advanced-lip-sync": AdvancedLipSync,
    "lip-sync": LipSync,
    "avatar/image2video": Avatar,
    "effects": Effects,
    "image-recognize": ImageRecognize,
    "text-to-audio": TextToAudio,
    "video-to-audio": VideoToAudio,
    "tts": Tts,
    "generations": Generations,
    "multi-image2image": MultiImage2Image,
    "omni-image": OmniImage,
    "editing/expand": Expand,
    "kolors-virtual-try-on": TryOn,
    "ai-multi-shot": AiMultiShot,
    "custom-voices": CustomVoice,
    "delete-voices": DeleteVoice,
    "advanced-custom-elements": AdvancedCustomElement,
    "custom-elements": CustomElement,
    "delete-elements": DeleteElement,
    "delete-advanced-elements": DeleteElement,
    "new/text-to-video": NewTextToVideo,
    "new/image-to-video": NewImageToVideo,
    "new/omni-video": NewOmniVideo,
    "new/motion-control": NewMotionControl,
}


def type_of(kind: str) -> type[Request]:
    """Return the struct of an endpoint's requests.

    Args:
        kind: End of its path.

    Raises:
        NotFound: There is no such endpoint.
    """
    try:
        return KINDS[kind]
    except KeyError:
        raise NotFound("there is no such endpoint") from None
