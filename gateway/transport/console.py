"""The pages for developers: GraphiQL, which loads its scripts from a public server; and where that cannot be reached,
a console that is complete in itself."""

import base64
import hashlib
import re
from importlib.resources import files

from starlette.responses import HTMLResponse
from strawberry.http.ides import get_graphql_ide_html

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_UNFRAMED = ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")


def graphiql_page() -> HTMLResponse:
    """Return Strawberry's page, whose scripts are pinned by their digests. Without them, it leads on to the console."""
    before, own_script, after = get_graphql_ide_html("graphiql").partition("<script>")
    otherwise = "<script>if (!window.GraphiQL) location.replace('?console');</script>"
    headers = {**_HEADERS, "content-security-policy": "; ".join(_UNFRAMED)}
    return HTMLResponse(before + otherwise + own_script + after, headers=headers)


def console_page() -> HTMLResponse:
    """Return the page, with a policy that lets it run its own script and talk to its own origin only."""
    html = files(__package__).joinpath("console.html").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            "connect-src 'self'",
            *_UNFRAMED,
            f"script-src {_source(html, 'script')}",
            f"style-src {_source(html, 'style')}",
        )
    )
    return HTMLResponse(html, headers={**_HEADERS, "content-security-policy": policy})


def _source(html: str, element: str) -> str:
    """The page's only element of that name, as a source expression: https://www.w3.org/TR/CSP3/#grammardef-hash-source"""
    (content,) = re.findall(f"<{element}>(.*?)</{element}>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
