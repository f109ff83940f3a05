"""The asset rubric of C2PA's conformance program 0.2 for specification 2.4.

The rules that concern a clip of ours are restated here and always run. The official evaluator runs too where
C2PA_RUBRICS names the folder `asset-rubrics` of c2pa-org/conformance-public and json-formula-py is installed.
"""

import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import c2pa
import pytest

from safety.credential_settings import make_context
from tests.conformance.clips import TAMPERED, Site

RUBRICS = os.environ.get("C2PA_RUBRICS")
STANDARD = {
    "c2pa.actions.v2", "c2pa.ingredient.v3", "c2pa.hash.bmff.v3", "c2pa.soft-binding", "c2pa.ai-disclosure",
}  # fmt: skip
"""Those of the rubric's list of allowed assertions that we use."""
MARKED = "c2pa.watermarked.bound"


def crjson(site: Site, data: bytes) -> Any:
    """The report that the conformance program evaluates."""
    context = make_context(site.lists).library
    with c2pa.Reader("video/mp4", io.BytesIO(data), context=context) as reader:
        return json.loads(reader.crjson())


@pytest.fixture(scope="module")
def active(site: Site) -> Any:
    return crjson(site, site.clip)["manifests"][0]


def test_claim(active: Any) -> None:
    """URN, claim v2, specVersion in the generator's info and not in the claim."""
    claim = active["claim.v2"]
    info = claim["claim_generator_info"]
    assert active["label"].startswith("urn:c2pa:")
    assert (info[0] if isinstance(info, list) else info)["specVersion"].startswith("2.4")
    assert "specVersion" not in claim


def test_actions(active: Any) -> None:
    """Created first, in the first created assertion, with its source type; all actions included."""
    first = next(
        one["url"] for one in active["claim.v2"]["created_assertions"] if "c2pa.actions" in one["url"]
    )
    assert first.endswith("c2pa.actions.v2")
    said = active["assertions"]["c2pa.actions.v2"]
    assert said["allActionsIncluded"] is True
    created, edited, *marked = said["actions"]
    assert [one["action"] for one in said["actions"]] == ["c2pa.created", "c2pa.edited", MARKED, MARKED]
    for one in (created, edited):
        assert one["digitalSourceType"].startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")
    assert set(created["parameters"]) == {"ingredients"}
    assert edited["parameters"] == {"dev.sitter.label": "corner"}
    assert [set(one.get("parameters", {})) for one in marked] == [set(), set()]


def test_assertions(active: Any) -> None:
    """Only labels of the specification, or an owner's with a dot; every one is attested by the signer."""
    labels = {label.partition("__")[0] for label in active["assertions"]}
    assert {label for label in labels if label.startswith("c2pa.")} == STANDARD
    assert labels - STANDARD == {"cawg.training-mining", "dev.sitter.consent"}
    created = {one["url"].rpartition("/")[2] for one in active["claim.v2"]["created_assertions"]}
    assert created == set(active["assertions"])
    assert not active["claim.v2"].get("gathered_assertions")
    assert "url" not in active["assertions"]["c2pa.hash.bmff.v3"]


def test_ingredients(active: Any) -> None:
    """Inputs of a model; results of a validation exactly where there was a manifest to validate."""
    found = [data for label, data in active["assertions"].items() if label.startswith("c2pa.ingredient.v3")]
    assert [one["relationship"] for one in found] == ["inputTo", "inputTo"]
    for one in found:
        assert ("activeManifest" in one) == ("validationResults" in one)


def test_validation(site: Site, active: Any) -> None:
    """Results are there and nothing failed; of a changed clip something did."""
    assert active["validationResults"]["failure"] == []
    changed = crjson(site, TAMPERED["frames"](site.clip))["manifests"][0]
    assert "assertion.bmffHash.mismatch" in [one["code"] for one in changed["validationResults"]["failure"]]


@pytest.mark.skipif(
    not (RUBRICS and find_spec("json_formula")),
    reason="needs C2PA_RUBRICS (asset-rubrics of c2pa-org/conformance-public) and json-formula-py",
)
def test_official_evaluator(site: Site, tmp_path: Path) -> None:
    """No trait is false; of a changed clip one is."""
    folder = Path(str(RUBRICS))
    for data, good in ((site.clip, True), (TAMPERED["frames"](site.clip), False)):
        report = tmp_path / "clip.json"
        report.write_text(json.dumps(crjson(site, data)))
        line = [
            sys.executable, "c2pa_conformance_rubric_evaluator.py",
            "asset-rubric-conformance0.2-spec2.4.yml", str(report), "--spec-version", "2.4",
        ]  # fmt: skip
        done = subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True, timeout=60)
        failed = [trait for traits in json.loads(done.stdout)["false"].values() for trait in traits]
        assert (failed == []) is good, failed
