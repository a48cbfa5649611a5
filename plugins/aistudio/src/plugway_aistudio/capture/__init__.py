"""Reads answers inside the browser while they arrive."""

from plugway_aistudio.capture.capture import Capture as Capture
from plugway_aistudio.capture.capture import Exchange as Exchange
from plugway_aistudio.capture.listening import listen as listen
