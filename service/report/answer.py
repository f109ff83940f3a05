"""Detect's answer as the plain dictionary that reports are made from and `sitter detect --json` prints."""

from typing import Any

from google.protobuf.json_format import MessageToDict

from service.translate import VERDICT_NAME


def detection_dict(answer: Any) -> dict[str, Any]:
    """A DetectResponse as JSON values, with verdict and states by their short names."""
    value: dict[str, Any] = MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    value["verdict"] = str(VERDICT_NAME[answer.verdict])
    value["consent"] = value["consent"].removeprefix("CONSENT_STATE_").lower()
    value["credentials"]["state"] = value["credentials"]["state"].removeprefix("CREDENTIAL_STATE_").lower()
    return value
