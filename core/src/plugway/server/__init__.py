"""The outermost guard, and the servers that carry the app."""
