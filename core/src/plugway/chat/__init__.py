"""Chats: one form inside, several dialects outside."""
