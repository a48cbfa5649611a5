"""Renewals by workers on other machines: the gateway's side, and the worker's own."""
