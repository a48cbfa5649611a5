"""Which upstream serves a call."""
