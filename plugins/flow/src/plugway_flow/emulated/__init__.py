"""The site and the API of Google Flow, without a line of the plugin's own code.

The emulator shares nothing with the rest of the plugin on purpose: what both misread in the
same module, no test would find. What it does is what reference §5 tells, on one address for
all hosts: their paths differ.
"""
