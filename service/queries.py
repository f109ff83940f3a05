"""Errors of questions that come over HTTP."""

from perception.errors import SitterError


class QueryInvalid(SitterError):
    """A parameter that cannot be understood; metadata `part` names it."""

    reason = "QUERY_INVALID"


class NotOffered(SitterError):
    """A part of a standard that this service leaves out on purpose."""

    reason = "NOT_OFFERED"
