"""Whom a verifier of the log trusts: C2SP tlog-policy files.

log example.com/sitter+1a2b3c4d+AQ...
witness w1 witness.example/w1+5e6f7a8b+BA... https://witness.example/w1
witness w2 other.example/w2+9c0d1e2f+BA...
group two all w1 w2
quorum two
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safety.errors import EvidenceInvalid, Misconfigured
from safety.note import Checkpoint, NoteKey
from safety.witness import WitnessKey

NONE = "none"
FILE_BYTES = 1 << 20


@dataclass(frozen=True)
class Witness:
    """A witness, and where it takes checkpoints: its submission prefix, if it is named."""

    key: WitnessKey
    url: str | None


@dataclass(frozen=True)
class TlogPolicy:
    """A policy.

    Attributes:
        logs: keys of the logs it accepts; empty where the log is known from elsewhere.
        witnesses: by the name that the file gives them.
        groups: name to (how many of its members it takes, their names).
        quorum: a witness's or group's name, or "none".
    """

    logs: tuple[NoteKey, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str

    @classmethod
    def read(cls, path: Path) -> "TlogPolicy":
        """Read a policy file. Raises Misconfigured, OSError."""
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
        if len(data) > FILE_BYTES:
            raise Misconfigured(f"a tlog-policy has at most {FILE_BYTES} bytes")
        return cls.parse(data)

    @classmethod
    def parse(cls, data: bytes) -> "TlogPolicy":
        """Read a policy. Raises Misconfigured, naming the line."""
        if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in data):
            raise Misconfigured("a tlog-policy has no control characters but tab and newline")
        reading = _Reading()
        # Latin-1 gives each octet a character: names are octets, whatever they spell.
        for number, line in enumerate(data.decode("latin-1").split("\n"), 1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                reading.take(words)
            except (ValueError, EvidenceInvalid) as error:
                raise Misconfigured(f"line {number} of the tlog-policy: {error}", line=number) from error
        if reading.quorum is None:
            raise Misconfigured("the tlog-policy has no quorum line")
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)

    def open(self, note: str, log: NoteKey | None = None) -> Checkpoint:
        """Read a checkpoint that this policy accepts.

        Args:
            log: its key, for a policy without logs.

        Raises:
            EvidenceInvalid: no listed log signed it, a cosignature is wrong, or the quorum is not reached.
        """
        keys = self.logs or (() if log is None else (log,))
        failures = []
        for key in keys:
            try:
                head = key.open(note)
            except EvidenceInvalid as error:
                failures.append(str(error))
                continue
            if not self._holds(self.quorum, note):
                raise EvidenceInvalid(f"the checkpoint lacks the cosignatures of the quorum {self.quorum}")
            return head
        raise EvidenceInvalid(failures[0] if failures else "the policy names no log")

    def _holds(self, name: str, note: str) -> bool:
        if name == NONE:
            return True
        if name in self.witnesses:
            return self.witnesses[name].key.cosigned_at(note) is not None
        least, members = self.groups[name]
        return sum(self._holds(member, note) for member in members) >= least


class _Reading:
    def __init__(self) -> None:
        self.logs: list[NoteKey] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                key = NoteKey.parse(vkey)
                if key.public in {each.public for each in self.logs}:
                    raise ValueError("this log is there twice")
                self.logs.append(key)
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._new(name)
                witness = WitnessKey.parse(vkey)
                if witness.public in {each.key.public for each in self.witnesses.values()}:
                    raise ValueError("this witness is there twice")
                self.witnesses[name] = Witness(witness, url[0] if url else None)
            case ["group", name, least, *members] if members:
                self._new(name)
                self.groups[name] = (self._least(least, members), tuple(members))
                self._members.update(members)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise ValueError("there is a quorum already")
                if name != NONE and not self._known(name):
                    raise ValueError("the quorum is not a witness or group of the lines above")
                self.quorum = name
            case _:
                raise ValueError("it is not a log, witness, group or quorum line")

    def _new(self, name: str) -> None:
        if name == NONE or self._known(name):
            raise ValueError("this name is taken")

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _least(self, text: str, members: list[str]) -> int:
        if any(not self._known(name) or name in self._members for name in members):
            raise ValueError("a member is not of the lines above, or is in another group")
        if len(set(members)) != len(members):
            raise ValueError("a member is there twice")
        if text in ("any", "all"):
            return 1 if text == "any" else len(members)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= len(members)):
            raise ValueError(f"a group takes any, all or 1 to {len(members)} of its members")
        return int(text)
