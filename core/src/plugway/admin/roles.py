"""Who may call which administrative route: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from plugway.identity.principal import Role

#: The least role that a route takes. A route that is not here does not start.
ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "GET /api/me": "user",
        "GET /api/me/keys": "user",
        "GET /api/me/usage": "user",
        "POST /api/me/webhook-secret": "user",
        "DELETE /api/me/webhook-secret": "user",
        "GET /api/admin/users": "operator",
        "POST /api/admin/users": "admin",
        "GET /api/admin/users/{name}": "operator",
        "PATCH /api/admin/users/{name}": "admin",
        "POST /api/admin/users/{name}/credit": "admin",
        "POST /api/admin/users/{name}/webhook-secret": "admin",
        "DELETE /api/admin/users/{name}/webhook-secret": "admin",
        "GET /api/admin/keys": "operator",
        "POST /api/admin/keys": "admin",
        "GET /api/admin/keys/{id}": "operator",
        "PATCH /api/admin/keys/{id}": "admin",
        "DELETE /api/admin/keys/{id}": "admin",
        "GET /api/admin/groups": "operator",
        "POST /api/admin/groups": "admin",
        "GET /api/admin/groups/{name}": "operator",
        "PATCH /api/admin/groups/{name}": "admin",
        "DELETE /api/admin/groups/{name}": "admin",
        "GET /api/admin/channels": "operator",
        "POST /api/admin/channels": "operator",
        "GET /api/admin/channels/{name}": "operator",
        "PATCH /api/admin/channels/{name}": "operator",
        "DELETE /api/admin/channels/{name}": "operator",
        "POST /api/admin/channels/{name}/test": "operator",
        "GET /api/admin/credentials": "operator",
        "POST /api/admin/credentials": "operator",
        "GET /api/admin/credentials/{id}": "operator",
        "DELETE /api/admin/credentials/{id}": "operator",
        "POST /api/admin/credentials/{id}/test": "operator",
        "POST /api/admin/credentials/{id}/clear": "operator",
        "POST /api/admin/credentials/{id}/disable": "operator",
        "POST /api/admin/credentials/{id}/enable": "operator",
        "GET /api/admin/prices": "operator",
        "PUT /api/admin/prices": "operator",
        "DELETE /api/admin/prices": "operator",
        "GET /api/admin/ledger/entries": "operator",
        "GET /api/admin/ledger/holds": "operator",
        "POST /api/admin/ledger/verify": "operator",
        "POST /api/admin/ledger/refund": "admin",
        "GET /api/admin/usage": "operator",
        "GET /api/admin/usage/summary": "operator",
        "GET /api/admin/tasks": "operator",
        "GET /api/admin/tasks/statistics": "operator",
        "GET /api/admin/tasks/{id}": "operator",
        "POST /api/admin/tasks/{id}/poll": "admin",
        "POST /api/admin/tasks/{id}/recheck": "operator",
        "POST /api/admin/tasks/{id}/resend": "operator",
        "POST /api/admin/tasks/{id}/refund": "admin",
        "GET /api/admin/callbacks": "operator",
        "POST /api/admin/callbacks/{id}/resend": "operator",
        "GET /api/admin/plugins": "operator",
        "GET /api/admin/settings": "admin",
        "GET /api/admin/audit": "admin",
        "POST /api/admin/vault/rotate": "admin",
    }
)
