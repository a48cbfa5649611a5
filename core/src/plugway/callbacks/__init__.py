"""Messages to the `callback_url` of clients, from an outbox that is written with the change they
tell of.

Each is delivered at least once, those of one task in their order: a later one waits until the
earlier is delivered or given up. `webhook-id` is the same each time, so that a receiver can tell
a repeat.
"""
