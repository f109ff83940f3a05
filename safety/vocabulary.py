"""The codes that consents, requests and policies share: purposes, channels, territories, emotions, controls.

A code that is not here is never matched by anything. The policy in `policies/default` writes the same
purposes, channels and territories out, so that it can be read alone; a test holds the two together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from safety.errors import PurposeUnknown

BASES = ("consent", "character", "artwork")
"""`consent`: a living person agreed; `character`: one's own fictional figure; `artwork`: public domain."""

CHANNELS = ("internal", "web", "social", "broadcast", "messaging")

CONTROLS = ("gaze", "distance", "emotion", "amplitude", "pose", "framing", "track")
"""What a caller may steer beyond the speech. `track`: a performer's or a program's motion moves the face, and
with it any expression that the track holds, whatever emotions are listed."""

EMOTIONS = ("neutral", "happy", "sad", "angry", "surprised", "afraid", "disgusted", "contempt")
"""The engine's names for what a face can be made to show."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
"""A caller's name: 1 to 63 of a-z, 0-9, dot and hyphen. There is no wildcard."""


@dataclass(frozen=True)
class Purpose:
    """One node of the tree of purposes.

    Attributes:
        parent: the wider purpose whose grant covers this one, None at the top.
        explicit: never covered by a parent's grant; only a grant that names it covers it.
    """

    parent: str | None = None
    explicit: bool = False


PURPOSES: Mapping[str, Purpose] = {
    "personal": Purpose(),
    "greeting": Purpose("personal"),
    "remembrance": Purpose("personal"),
    "internal-communication": Purpose(),
    "announcement": Purpose("internal-communication"),
    "training": Purpose("internal-communication"),
    "education": Purpose(),
    "course": Purpose("education"),
    "museum": Purpose("education"),
    "medical": Purpose("education", explicit=True),
    "accessibility": Purpose(),
    "translation": Purpose("accessibility"),
    "voice-restoration": Purpose("accessibility"),
    "entertainment": Purpose(),
    "film": Purpose("entertainment"),
    "game": Purpose("entertainment"),
    "music": Purpose("entertainment"),
    "intimate": Purpose("entertainment", explicit=True),
    "commercial": Purpose(),
    "customer-service": Purpose("commercial"),
    "product-explanation": Purpose("commercial"),
    "advertising": Purpose("commercial", explicit=True),
    "financial-advice": Purpose("commercial", explicit=True),
    "public-information": Purpose(),
    "news": Purpose("public-information"),
    "political": Purpose("public-information", explicit=True),
    "political-persuasion": Purpose("political", explicit=True),
    "research": Purpose(),
}
"""Purposes by code. Explicit are those that people mean to decide one by one: a grant of `commercial` is not
one of `advertising`. Deception, fraud and harassment are no purposes that anybody can grant: the policy knows
them as prohibited, no consent can name them."""

PROHIBITED = frozenset({"deception", "fraud", "harassment"})
"""Purposes that are known and that nobody can grant."""

_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS "
    "BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE "
    "EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC "
    "LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA "
    "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
TERRITORIES = frozenset(_COUNTRIES.split(" "))
"""ISO 3166-1 alpha-2 country codes (249). There is no code for the world: a consent lists countries."""


def known_purpose(code: str) -> None:
    """Raises PurposeUnknown for a code that is neither a purpose nor a prohibited one."""
    if code not in PURPOSES and code not in PROHIBITED:
        raise PurposeUnknown(
            f"there is no purpose {code[:64]!r}: use {', '.join(PURPOSES)}", rules="purpose.unknown"
        )


def implied_by(purpose: str) -> frozenset[str]:
    """The purposes whose grant covers `purpose`: itself and its parents up to the first explicit one.

    An unknown purpose is covered by nothing, not even by itself.
    """
    covering: set[str] = set()
    code: str | None = purpose
    while code is not None and code in PURPOSES:
        covering.add(code)
        node = PURPOSES[code]
        code = None if node.explicit else node.parent
    return frozenset(covering)
