"""AI Studio as far as its reference tells, without a line of the plugin's own code.

The emulator shares nothing with the rest of the plugin on purpose: what both misread in the
same module, no test would find. Here are the upstream's side (`rpc`, `streaming`, `accounts`)
and the page that a browser gets (`website`, plain JavaScript).
"""
