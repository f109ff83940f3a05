"""`sitter trust`: who signs our clips, and whom we believe. Works on the data folder; no service is asked."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safety.imported import key_reference
from safety.keys import KeyRing
from safety.trust import Authority
from safety.trust_lists import TrustLists, described, digest_of
from service.cli.connection import settings_of
from service.cli.output import say, show
from service.cli.remote import writable, write_whole
from service.posting import ask_responder
from service.settings import Settings
from service.wiring import utc_now


def init(args: argparse.Namespace) -> int:
    """Make the development authority; one that is there stays."""
    authority = _authority(settings_of(args))
    authority.signer(utc_now())
    path = authority.folder / "own-signers.pem"
    if args.json:
        show({"own_signers": str(path)})
    else:
        say(f"validators recognise this installation's clips once they are given {path}")
    return 0


def shown(args: argparse.Namespace) -> int:
    authority = _authority(settings_of(args))
    signers = [
        {"sha256": each.fingerprint, "algorithm": each.algorithm, "begins": each.begins.isoformat(),
         "ends": each.ends.isoformat(), "subject": each.certificate.subject.rfc4514_string()}
        for each in authority.signers(utc_now())
    ]  # fmt: skip
    counts = {name: len(described(pem)) for name, pem in _named(authority.lists()).items()}
    if args.json:
        show({"signers": signers, "lists": counts})
        return 0
    for number, each in enumerate(signers):
        role, end = "stands by" if number else "signs", each["ends"][:10]
        say(f"{role:9} {each['algorithm']:7} to {end}  {each['sha256'][:16]}  {each['subject']}")
    for name, count in counts.items():
        say(f"{name}: {count} certificates")
    return 0


def csr(args: argparse.Namespace) -> int:
    names = {"country": args.country, "organization": args.organization, "common_name": args.common_name}
    writable(args.out)
    request = _authority(settings_of(args)).request(args.algorithm, names, _key(args))
    write_whole(args.out, request.encode())
    if args.json:
        show({"request": str(args.out)})
    else:
        say(f"{args.out}: send it to the authority; its key stays here, sealed, until the answer is imported")
    return 0


def take(args: argparse.Namespace) -> int:
    signer = _authority(settings_of(args)).take(args.chain.read_text("utf-8"), _key(args), utc_now())
    if args.json:
        show({"sha256": signer.fingerprint, "algorithm": signer.algorithm, "ends": signer.ends.isoformat()})
    else:
        say(f"{signer.fingerprint} signs from {signer.begins:%Y-%m-%d} to {signer.ends:%Y-%m-%d}")
    return 0


def listing(args: argparse.Namespace) -> int:
    _tell(args, args.list, _named(_authority(settings_of(args)).lists())[args.list])
    return 0


def update(args: argparse.Namespace) -> int:
    data = args.file.read_bytes()
    lists = _authority(settings_of(args)).update(args.list, data, args.sha256)
    _tell(args, args.list, _named(lists)[args.list])
    return 0


def stamp(args: argparse.Namespace) -> int:
    from safety.credentials import Credentials, Stamping

    settings = settings_of(args)
    writable(args.out)
    credentials = Credentials.open(
        settings.data / "credentials", _ring(settings), utc_now,
        time_stamper=settings.tsa_url, stamping=Stamping.LATE, ocsp=ask_responder,
        sign_seconds=settings.sign_seconds,
    )  # fmt: skip
    try:
        done = credentials.stamp(args.clip, args.out)
    finally:
        credentials.close()
    if args.json:
        show({"manifest_id": done.manifest_id, "sha256": done.sha256})
    else:
        say(f"{args.out}: {done.manifest_id} is time-stamped; the file's SHA-256 is now {done.sha256}")
    return 0


def _key(args: argparse.Namespace) -> str | None:
    return None if args.key is None else key_reference(args.key, lambda path: Path(path).read_text("utf-8"))


def _tell(args: argparse.Namespace, name: str, pem: str) -> None:
    rows: list[dict[str, Any]] = [asdict(each) for each in described(pem)]
    digest = digest_of(pem.encode())
    if args.json:
        show({"list": name, "sha256": digest, "certificates": rows})
        return
    for row in rows:
        say(f"{row['sha256'][:16]}  to {row['ends']}  {row['subject']}")
    say(f"{name}: {len(rows)} certificates, SHA-256 of the list {digest}")


def _named(lists: TrustLists) -> dict[str, str]:
    return {
        "own-signers": lists.own + lists.leaves,
        "time-stampers": lists.time,
        "foreign-signers": lists.foreign,
    }


def _authority(settings: Settings) -> Authority:
    return Authority(settings.data / "credentials", _ring(settings), at=utc_now())


def _ring(settings: Settings) -> KeyRing:
    return KeyRing.open(settings.signer.partition(":")[2])
