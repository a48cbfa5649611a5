"""The official Kling API as its documentation tells it, without a line of the plugin's own code.

The emulator shares nothing with the rest of the plugin on purpose: what both misread in the
same module, no test would find.
"""
