"""What may be said: the script rule of a consent, and a list of terms that nobody may have said.

Two sources tell what is said: the transcript that the caller declares, and what a recogniser hears; both must
hold. A declared transcript binds the caller, who answers for it, but it does not prove what the recording
says; nor does a recogniser, which misses much (`safety.recogniser`). A list of terms finds those terms and
nothing else: another spelling, a paraphrase or another language than the list's passes.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from perception.audio import Speech
from safety.errors import ConsentInvalid, Misconfigured

Kind: TypeAlias = Literal["free", "exact", "topics"]
KINDS: tuple[Kind, ...] = ("free", "exact", "topics")
MOST_TEXTS = 100
MOST_TERMS = 500
TERM_LENGTH = 100

TOPICS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "intimate": ("naked", "nude", "undress", "erotic", "have sex", "sexual"),
        "medical": ("dosage", "diagnosis", "prescription", "cure for", "side effects"),
        "money": (
            "bank account", "wire transfer", "send money", "gift card", "gift cards", "credit card",
            "crypto wallet", "bitcoin", "guaranteed return", "invest in",
        ),
        "politics": (
            "vote for", "vote against", "your vote", "ballot", "election", "candidate", "referendum",
        ),
        "secrets": (
            "your password", "your pin", "verification code", "security code", "one time code",
            "social security number",
        ),
        "violence": ("kill", "shoot", "bomb", "stab", "weapon"),
    }
)  # fmt: skip
"""Subjects that a consent can rule out, each with the English terms that stand for it."""

DENIED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "credential-theft": (
            "tell me your password", "send me your password", "read me the code", "tell me your pin",
            "send me the code", "confirm your password",
        ),
        "payment-pressure": (
            "buy gift cards", "send the gift card", "wire the money now", "transfer the money now",
        ),
        "self-harm": ("kill yourself", "hurt yourself", "end your life"),
    }
)  # fmt: skip
"""What the embedded list denies whoever agrees: what impostors say, and what harms who hears it."""

_COMMITMENT = re.compile(r"[0-9a-f]{64}")
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts that write no spaces between words: terms in them are found anywhere."""


@dataclass(frozen=True)
class ScriptRule:
    """What a consent says about words. Raises ConsentInvalid where it says something that cannot be checked.

    Attributes:
        kind: `free`: anything; `exact`: one of `texts`, word for word; `topics`: anything without `topics`
            and `terms`.
        texts: keyed commitments (`KeyRing.commitment` of "script") of normalised texts, 1 to `MOST_TEXTS`.
        topics: codes of `TOPICS` that must not come up.
        terms: further words or phrases that must not, normalised, up to `MOST_TERMS`.
    """

    kind: Kind = "free"
    texts: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        lists = (self.texts, self.topics, self.terms)
        if self.kind not in KINDS or not all(isinstance(each, frozenset) for each in lists):
            raise ConsentInvalid(f"a script rule is one of {', '.join(KINDS)}", part="script")
        if bool(self.texts) != (self.kind == "exact") or len(self.texts) > MOST_TEXTS:
            raise ConsentInvalid(
                f"the script rule `exact`, and no other, has texts: 1 to {MOST_TEXTS}",
                part="script", high=MOST_TEXTS,
            )  # fmt: skip
        if not all(isinstance(text, str) and _COMMITMENT.fullmatch(text) for text in self.texts):
            raise ConsentInvalid("texts are kept as commitments of 64 hex digits", part="script")
        if bool(self.topics or self.terms) != (self.kind == "topics"):
            raise ConsentInvalid(
                "the script rule `topics`, and no other, has topics or terms that are ruled out",
                part="script",
            )
        if not all(topic in TOPICS for topic in self.topics):
            raise ConsentInvalid(f"topics that can be ruled out are {', '.join(TOPICS)}", part="script")
        if len(self.terms) > MOST_TERMS or not all(_is_term(term) for term in self.terms):
            raise ConsentInvalid(
                f"at most {MOST_TERMS} terms of up to {TERM_LENGTH} characters, lower case, no punctuation",
                part="script", high=MOST_TERMS,
            )  # fmt: skip


FREE = ScriptRule()


@dataclass(frozen=True)
class Spoken:
    """What is said in a clip, by one source.

    Attributes:
        text: normalised words.
        commitment: keyed commitment of `text`.
        source: `declared` by the caller, or `heard` by a recogniser.
    """

    text: str = field(repr=False)
    commitment: str
    source: Literal["declared", "heard"]


def allows(rule: ScriptRule, spoken: tuple[Spoken, ...]) -> bool:
    """Whether `rule` allows what is said. Every rule but `free` needs a declared transcript.

    `exact` compares the declared transcript alone: a recogniser may write other words than were said.
    """
    if rule.kind == "free":
        return True
    declared = [each for each in spoken if each.source == "declared" and each.text]
    if len(declared) != 1:
        return False
    if rule.kind == "exact":
        return declared[0].commitment in rule.texts
    ruled_out = [*rule.terms, *(term for topic in rule.topics for term in TOPICS[topic])]
    return not any(mentions(each.text, term) for each in spoken for term in ruled_out)


def normalised(text: str) -> str:
    """Words in lower case with single spaces: no punctuation, no invisible characters (NFKC, case-folded)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", visible)))


def mentions(text: str, term: str) -> bool:
    """Whether the normalised `term` is said in the normalised `text`, as whole words."""
    if any(unicodedata.name(letter, "").startswith(_UNSPACED) for letter in term):
        return term.replace(" ", "") in text.replace(" ", "")
    return f" {term} " in f" {text} "


class Moderator(Protocol):
    """Looks for what nobody may have said, whoever consents."""

    def findings(self, text: str) -> frozenset[str]:
        """Codes of what was found in a normalised text; empty when nothing was. The policy decides."""


class Recogniser(Protocol):
    """Writes down what is said: `safety.recogniser`."""

    def transcribe(self, speech: Speech) -> str:
        """The words heard. Raises Unavailable when it cannot hear now: the request is refused then."""


class DenyList:
    """The embedded moderator: terms by code. Raises Misconfigured for an empty list or term."""

    def __init__(self, terms: Mapping[str, tuple[str, ...]] = DENIED) -> None:
        self._terms = {code: tuple(map(normalised, each)) for code, each in terms.items()}
        if not self._terms or not all(each and all(each) for each in self._terms.values()):
            raise Misconfigured("a deny list needs codes with terms", setting="moderation")

    def findings(self, text: str) -> frozenset[str]:
        """See `Moderator`."""
        return frozenset(
            code for code, terms in self._terms.items() if any(mentions(text, term) for term in terms)
        )


@dataclass(frozen=True)
class Moderation:
    """How a deployment reads scripts.

    Attributes:
        commit: keyed commitment of (domain, data): `KeyRing.commitment`.
        moderator: the embedded deny list unless another is given.
        recogniser: None where nothing listens: only the declared transcript is read then.
    """

    commit: Callable[[str, bytes], str]
    moderator: Moderator = field(default_factory=DenyList)
    recogniser: Recogniser | None = None

    def commitment(self, text: str) -> str:
        """Of a text, whatever its punctuation and capitals."""
        return self.commit("script", normalised(text).encode())

    def spoken(self, declared: str, speech: Speech | None) -> tuple[Spoken, ...]:
        """What is said: the declared transcript where there is one, and what the recogniser heard.

        Raises:
            Unavailable: the recogniser cannot hear now.
        """
        found = []
        if words := normalised(declared):
            found.append(Spoken(words, self.commitment(words), "declared"))
        if self.recogniser is not None and speech is not None:
            heard = normalised(self.recogniser.transcribe(speech))
            found.append(Spoken(heard, self.commitment(heard), "heard"))
        return tuple(found)

    def findings(self, spoken: tuple[Spoken, ...]) -> frozenset[str]:
        """Codes of what nobody may have said."""
        return frozenset().union(*(self.moderator.findings(each.text) for each in spoken))


def _is_term(term: object) -> bool:
    return isinstance(term, str) and 0 < len(term) <= TERM_LENGTH and normalised(term) == term
