"""Keeps what upstreams made, and hands it out."""
