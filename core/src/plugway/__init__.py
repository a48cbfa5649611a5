"""A plugin-based API gateway for generative media and chat."""
