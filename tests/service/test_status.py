"""Errors on the wire."""

import pytest
from google.rpc import code_pb2, error_details_pb2

import engine.errors
import perception.errors
import safety.errors
import service.demo.scenario
import service.uploads  # noqa: F401
from perception.errors import SitterError
from service.status import DOMAIN, STATUS, code_of, invalid, status_of


def leaves(kind: type[SitterError] = SitterError) -> list[type[SitterError]]:
    below = kind.__subclasses__()
    return [leaf for each in below for leaf in leaves(each)] if below else [kind]


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.__name__)
def test_every_error_has_a_code_a_reason_and_a_place_in_its_drawn_tree(leaf: type[SitterError]) -> None:
    """No leaf answers INTERNAL, no two share a reason, and errors.py's picture names it."""
    if leaf.__module__.startswith("service.demo"):
        return  # never on the wire
    assert code_of(leaf("text")) != code_pb2.INTERNAL
    assert [each for each in leaves() if each.reason == leaf.reason] == [leaf]
    drawn = {m.__name__: m.__doc__ or "" for m in (perception.errors, engine.errors, safety.errors)}
    assert leaf.__module__ not in drawn or leaf.__name__ in drawn[leaf.__module__]


def test_a_child_answers_as_its_nearest_listed_ancestor() -> None:
    """IdentityMismatch is not listed: it is Refused."""
    assert code_of(safety.errors.IdentityMismatch("x")) == STATUS[safety.errors.Refused]
    assert code_of(safety.errors.IdentityUnknown("x")) == code_pb2.NOT_FOUND


def test_details_carry_reason_metadata_and_trace() -> None:
    """One ErrorInfo, whose metadata has the error's own and the trace id."""
    status = status_of(safety.errors.QuotaRefused("too many", limit="clips_per_day", maximum=3), "ab" * 16)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("QUOTA_REFUSED", DOMAIN)
    assert dict(info.metadata) == {"limit": "clips_per_day", "maximum": "3", "trace_id": "ab" * 16}


def test_what_is_not_ours_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An unforeseen error's text stays in the service's log; the caller gets a trace id."""
    status = status_of(KeyError("/srv/secret/anna.png"), "cd" * 16)
    assert status.code == code_pb2.INTERNAL
    assert "anna" not in str(status)
    assert "cd" * 16 in status.message
    assert "KeyError" in caplog.text


def test_violations_become_field_violations() -> None:
    """protovalidate's findings map one to one onto BadRequest."""
    status = invalid([("spec.request_id", "string.uuid", "must be a valid UUID")], "ef" * 16)
    bad = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(bad)
    (violation,) = bad.field_violations
    assert (violation.field, violation.reason) == ("spec.request_id", "STRING_UUID")
