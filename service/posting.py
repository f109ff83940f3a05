"""Small questions to others over HTTP: one request, one short answer, no redirects."""

import http.client
import urllib.error
import urllib.request

from safety.errors import Misconfigured, SignerUnavailable

SECONDS = 10.0
"""How long one answer may take."""
ANSWER_BYTES = 64 * 1024


def ask_responder(url: str, request: bytes) -> bytes:
    """An OCSP responder's answer (RFC 6960, appendix A.1). Raises Misconfigured, SignerUnavailable."""
    status, answer = post(url, request, "application/ocsp-request")
    if status != http.client.OK:
        raise SignerUnavailable(f"the responder refused with status {status}")
    return answer


def post(url: str, body: bytes, kind: str) -> tuple[int, bytes]:
    """Send `body` of media type `kind`; status and answer. Raises Misconfigured, SignerUnavailable."""
    if not url.startswith(("http://", "https://")):
        raise Misconfigured("an address here begins with http:// or https://")
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method="POST")  # noqa: S310 (above)
    try:
        with _OPENER.open(request, timeout=SECONDS) as answer:
            data, status = answer.read(ANSWER_BYTES + 1), answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SignerUnavailable("it cannot be reached: check its address and the network") from error
    if len(data) > ANSWER_BYTES:
        raise SignerUnavailable(f"its answer is over {ANSWER_BYTES} bytes")
    return status, data


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address that is configured is the one that is asked."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)
