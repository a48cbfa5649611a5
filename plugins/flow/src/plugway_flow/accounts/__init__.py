"""The accounts behind session tokens, and what is known of them."""

from plugway_flow.accounts.accounts import Accounts

__all__ = ["Accounts"]
