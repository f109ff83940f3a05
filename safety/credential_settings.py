"""Settings of the C2PA library that close its traps.

Unknown settings are ignored without a word (so `safety.selftest` tries them), everything but the hard binding
would be hearsay, and by default it fetches what a file tells it to and puts faces into thumbnails.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import c2pa
from cryptography import x509

from safety import claim
from safety.errors import Misconfigured
from safety.trust_lists import TrustLists

OWN, TIME, FOREIGN = "urn:sitter:own-signers", "urn:sitter:time-stampers", "urn:sitter:foreign-signers"
_EKUS = (
    "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4\n"  # C2PA claim, document, e-mail signing
)


@dataclass(frozen=True)
class ReadingContext:
    """Settings and lists in the library's form. Not valid in a forked child.

    Attributes:
        library: for `c2pa.Reader` and `c2pa.Builder`.
        pinned: the same with nobody listed but our imported certificates, each by itself.
        serials: serial numbers of those, decimal.
    """

    library: Any
    pinned: Any
    serials: frozenset[str]


def make_context(lists: TrustLists, *, stamper: str | None = None) -> ReadingContext:
    """A C2PA context: our settings, no network, nothing added by itself, everything checked.

    Args:
        lists: whom we believe.
        stamper: URL of the time-stamper that a late time-stamp is to come from.

    Raises:
        Misconfigured: the library refuses the settings.
    """
    leaves = x509.load_pem_x509_certificates(lists.leaves.encode()) if lists.leaves.strip() else []
    alone = TrustLists(own="", time=lists.time, foreign="", leaves=lists.leaves)
    return ReadingContext(
        library=_context(settings_for(lists, stamper=stamper)),
        pinned=_context(settings_for(alone, pinned=True)) if leaves else None,
        serials=frozenset(str(leaf.serial_number) for leaf in leaves),
    )


def settings_for(lists: TrustLists, *, pinned: bool = False, stamper: str | None = None) -> dict[str, Any]:
    """The library's settings, in Python as in its other builds; see `make_context`.

    Args:
        lists: whom we believe.
        pinned: believe our imported certificates, each by itself.
        stamper: see `make_context`.
    """
    kinds = (("manifest", OWN, lists.own), ("tsa", TIME, lists.time), ("manifest", FOREIGN, lists.foreign))
    anchors = [
        {"trust_kind": kind, "trust_uri": uri, "trust_anchors": pem}
        for kind, uri, pem in kinds
        if pem.strip()
    ]
    if pinned:
        each = {"trust_kind": "manifest", "trust_uri": OWN, "trust_anchors": ""}
        anchors.append({**each, "allowed_list": lists.leaves})
    late = {"enabled": True, "fetch_scope": "parent"}
    actions = {f"auto_{name}_action": {"enabled": False} for name in ("created", "opened", "placed")}
    return {
        "version": 1,
        "trust": {
            "trust_config": _EKUS,  # without it a certificate with C2PA's own key usage is refused
            "anchors": anchors,
        },
        "verify": {
            "verify_after_sign": True,
            "verify_after_sign_hash": True,  # the former alone does not hash the file (c2pa-rs#2277)
            "verify_trust": True,
            "verify_timestamp_trust": True,
            "remote_manifest_fetch": False,  # a file must not make us call its URLs
            "ocsp_fetch": False,
        },
        "core": {"allowed_network_hosts": [urlsplit(stamper).netloc.rpartition("@")[2]] if stamper else []},
        "builder": {
            "thumbnail": {"enabled": False},  # a thumbnail of the portrait is a face in every file
            "created_assertion_labels": list(claim.CREATED_LABELS),
            "actions": {"all_actions_included": True, **actions},
            **({"auto_timestamp_assertion": late} if stamper else {}),
        },
    }


def _context(settings: dict[str, Any]) -> Any:
    try:
        return c2pa.Context.from_dict(settings)
    except c2pa.C2paError as error:
        raise Misconfigured("the C2PA library refuses its settings or a trust list") from error
