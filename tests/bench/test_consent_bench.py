"""The consent benchmark measures what it says, in small."""

from bench.consent import TARGETS, run


def test_the_report_has_the_figures_of_its_targets() -> None:
    """Decisions beside Cedar alone, and withdrawals that ended a loop; no job, which would need models."""
    report = run(["--decisions", "30", "--withdrawals", "2", "--jobs", "0"])
    assert report["targets"] == TARGETS
    ours = report["ours"]
    assert (ours["policy_decision"]["count"], ours["withdrawal_paced_frames"]["count"]) == (30, 2)
    decision = ours["policy_decision"]
    assert 0 < decision["min_ms"] <= decision["p50_ms"] <= decision["p99_ms"] <= decision["max_ms"]
    assert report["ratio"] > 0
    assert "withdrawal_job_over_grpc" not in ours
