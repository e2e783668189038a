"""A check for Schemathesis: everybody is answered what their token allows, and no more (docs/design.md#who-may-what).

WEIR_TOKEN_FILE holds the token that is shown, and WEIR_MAY says what it may: read, write, operate, or confined (to some views or
rows). Without a file nothing is shown. WEIR_HIDDEN is a pattern of what no answer may hold.
"""

import os
import re

import schemathesis

PUBLIC = {"/health/live", "/health/ready", "/openapi.json", "/asyncapi.json"}
ASKED = ("/api/v1/views", "/api/v1/stream", "/api/v1/whoami")
RECOMPUTED = {"/api/v1/batch", "/api/v1/verify"}
ORDER = ["none", "confined", "read", "write", "operate"]

TOKEN_FILE = os.environ.get("WEIR_TOKEN_FILE")
MAY = "none" if TOKEN_FILE is None else os.environ["WEIR_MAY"]
HIDDEN = os.environ.get("WEIR_HIDDEN")
SHOWN = None if TOKEN_FILE is None else f"Bearer {open(TOKEN_FILE).read().strip()}"


def needed(method: str, path: str) -> str:
    if path in PUBLIC:
        return "none"
    if method == "POST":
        return "write" if path in RECOMPUTED else "operate"
    return "confined" if path.startswith(ASKED) else "read"


if SHOWN is not None:

    @schemathesis.auth()
    class Token:
        def get(self, case, ctx):
            return SHOWN

        def set(self, case, data, ctx):
            case.headers = {**(case.headers or {}), "Authorization": data}


@schemathesis.check
def answers_what_the_token_allows(ctx, response, case):
    method, path, status = case.method.upper(), case.path, response.status_code
    # Some requests are sent without the token, or with a wrong one.
    shown = response.request.headers.get("Authorization")
    may = MAY if shown == SHOWN else "none"
    if case.method.lower() in case.operation.schema.raw_schema["paths"][path]:
        is_allowed = ORDER.index(may) >= ORDER.index(needed(method, path))
        if is_allowed and status in {401, 403}:
            raise AssertionError(f"{method} {path} answers {status} to who may {may}")
        # A request that names another server, or is too large, is refused before it is asked whose it is.
        if not is_allowed and status not in {401, 403, 413, 421, 429, 431}:
            raise AssertionError(f"{method} {path} answers {status} to who may {may}")
    if HIDDEN is not None and re.search(HIDDEN, response.text):
        raise AssertionError(f"{method} {path} tells what is hidden")
