"""Errors as RFC 9457 problem details: a stable reason and a sentence, nothing of ours inside."""

from starlette.responses import JSONResponse

from perception.errors import MediaTooLarge, MediaUnsupported, SitterError
from service.status import code_of, status_of

# google.rpc codes as HTTP statuses (google/rpc/code.proto)
STATUS = {3: 400, 5: 404, 7: 403, 8: 429, 9: 409, 12: 501, 14: 503, 15: 500}
TITLES = {
    400: "Invalid query", 403: "Not allowed", 404: "Not found", 409: "Not possible", 413: "Content too large",
    415: "Unsupported media type", 429: "Too many requests", 501: "Not implemented",
    503: "Temporarily unavailable",
}  # fmt: skip


def problem(error: Exception) -> JSONResponse:
    """The answer to an error; one that is not ours says nothing but that."""
    status = status_of(error, "")
    code, reason, metadata = 500, "INTERNAL", {}
    detail = "internal error: tell the operator when it happened"
    if isinstance(error, SitterError):
        code, reason, metadata = STATUS.get(code_of(error), 500), error.reason, error.metadata
        detail = status.message
    if isinstance(error, MediaTooLarge):
        code = 413
    elif isinstance(error, MediaUnsupported):
        code = 415
    wait = metadata.get("retry_seconds")
    return JSONResponse(
        {
            "type": "about:blank",
            "title": TITLES.get(code, "Service failure"),
            "status": code,
            "detail": detail,
            "reason": reason,
        },
        status_code=code,
        media_type="application/problem+json",
        headers={"Retry-After": wait} if wait else None,
    )
