"""Lists in pages."""

from typing import Any, TypeVar

from safety.errors import RecordUnknown

PAGE = 100
"""How many are sent when the caller does not say."""

Item = TypeVar("Item")


def page(found: list[Item], request: Any) -> tuple[list[Item], str]:
    """One page of a list, and the token of the next: the index it starts at.

    Raises:
        RecordUnknown: the request's page_token is not one of ours.
    """
    size = request.page_size or PAGE
    if not (request.page_token.isdecimal() or request.page_token == ""):
        raise RecordUnknown("this page_token was not given by this service: start without one")
    start = int(request.page_token or 0)
    following = str(start + size) if start + size < len(found) else ""
    return found[start : start + size], following
