"""The pages that a browser gets to see, as HTML."""

from __future__ import annotations

from html import escape

_STYLE = "body{font:16px sans-serif;max-width:32em;margin:4em auto}input,button{font:inherit}"

#: What the page after the sign-in does: it signs a bearer as reference §1.3 says, and asks for
#: the sessions with it. `crypto.subtle` is there on loopback and over TLS only.
_SCRIPT = """
(async () => {
  const page = document.body.dataset;
  const text = new TextEncoder();
  const encoded = bytes => btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const decoded = word => Uint8Array.from(
    atob(word.replaceAll("-", "+").replaceAll("_", "/")), sign => sign.charCodeAt(0));
  const answer = await fetch(`/auth/getoxsrf?csesidx=${page.csesidx}`);
  if (!answer.ok) { document.title = "Signed out"; return; }
  const {xsrfToken, keyId} = JSON.parse((await answer.text()).slice(4));
  const now = Number(page.now);
  const head = {alg: "HS256", typ: "JWT", kid: keyId};
  const claims = {
    iss: "https://business.gemini.google",
    aud: "https://biz-discoveryengine.googleapis.com",
    sub: `csesidx/${page.csesidx}`, iat: now, exp: now + 300, nbf: now,
  };
  const message = [head, claims].map(part => encoded(text.encode(JSON.stringify(part)))).join(".");
  const key = await crypto.subtle.importKey(
    "raw", decoded(xsrfToken), {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, text.encode(message));
  const listed = await fetch("/v1alpha/locations/global/widgetListSessions", {
    method: "POST",
    headers: {
      authorization: `Bearer ${message}.${encoded(new Uint8Array(signature))}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      configId: page.config, additionalParams: {token: "-"}, listSessionsRequest: {pageSize: 10},
    }),
  });
  const sessions = (await listed.json()).listSessionsResponse?.sessions ?? [];
  document.querySelector("#sessions").textContent =
    listed.ok ? `Conversations: ${sessions.length}` : `Error ${listed.status}`;
  document.title = "Gemini Business";
})();
"""


def home(email: str, csesidx: str, config_id: str, now: int, *, asks: bool) -> str:
    """Write the page after the sign-in.

    Args:
        email: The account's.
        csesidx: The account's.
        config_id: The account's.
        now: Seconds since 1970, for its bearer.
        asks: Whether its script does anything.
    """
    data = f'data-csesidx="{csesidx}" data-config="{config_id}" data-now="{now}"'
    content = f'<h1>Hello, {escape(email)}</h1><p id="sessions">Loading…</p>'
    script = f"<script>{_SCRIPT}</script>" if asks else ""
    return _page("Loading", content + script, data)


def unfinished() -> str:
    """Write the beginning of a page that never ends."""
    return f"<!doctype html><html><head><title>Loading</title><style>{_STYLE}</style></head><body>"


def login(complaint: str = "") -> str:
    """Write the page that asks for an address.

    Args:
        complaint: What was wrong with the last one; empty: nothing.
    """
    content = (
        "<h1>Sign in to Gemini Business</h1>"
        f"{_complaint(complaint)}"
        '<form method="post" action="/login"><label>Email '
        '<input type="email" name="email" id="email" autocomplete="username" required></label> '
        '<button type="submit">Continue with email</button></form>'
    )
    return _page("Sign in", content)


def code(email: str, shown: str, complaint: str = "") -> str:
    """Write the page that asks for the code that was mailed.

    Args:
        email: Where to.
        shown: The code, where nobody has mail; empty: it is not told.
        complaint: What was wrong with the last one; empty: nothing.
    """
    mail = f"<p>The mail says: <strong id='mailed'>{escape(shown)}</strong></p>" if shown else ""
    content = (
        f"<h1>Enter the code</h1><p>We sent a code to {escape(email)}.</p>{mail}"
        f"{_complaint(complaint)}"
        '<form method="post" action="/verify-oob-code">'
        f'<input type="hidden" name="email" value="{escape(email)}"><label>Code '
        '<input name="code" id="code" autocomplete="one-time-code" required></label> '
        '<button type="submit">Verify</button></form>'
    )
    return _page("Enter the code", content)


def challenge() -> str:
    """Write the page that wants a person to prove to be one."""
    content = (
        "<h1>Verify it’s you</h1><p>Confirm you’re not a robot.</p>"
        '<form><label><input type="checkbox" id="recaptcha"> I’m not a robot</label></form>'
    )
    return _page("Verify it’s you", content)


def restricted() -> str:
    """Write the page that says that the account may not be used."""
    content = (
        "<h1>Access restricted</h1>"
        "<p>Your account’s access to Gemini Business has been restricted.</p>"
    )
    return _page("Access restricted", content)


def _complaint(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>' if text else ""


def _page(title: str, content: str, data: str = "") -> str:
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    body = f"<body {data}>" if data else "<body>"
    return f'<!doctype html><html lang="en"><head>{head}</head>{body}{content}</body></html>'
