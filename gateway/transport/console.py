"""The GraphQL console: one page for developers, complete in itself, that asks no other server for anything."""

import base64
import hashlib
import re
from importlib.resources import files

from starlette.responses import HTMLResponse


def console_page() -> HTMLResponse:
    """Return the page, with a policy that lets it run its own script and talk to its own origin only."""
    html = files(__package__).joinpath("console.html").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            f"script-src {_source(html, 'script')}",
            f"style-src {_source(html, 'style')}",
        )
    )
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(html, headers=headers)


def _source(html: str, element: str) -> str:
    """The page's only element of that name, as a source expression: https://www.w3.org/TR/CSP3/#grammardef-hash-source"""
    (content,) = re.findall(f"<{element}>(.*?)</{element}>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
