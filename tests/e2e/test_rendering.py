"""The one module in which a served deployment renders for real, in its own worker process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from perception.audio import Speech, encode_wav
from perception.video import open_video
from service.client import RemoteError
from service.run import Gate
from service.translate import GATE_NAME
from tests.e2e.conftest import CONTROLS, Site, serve, settle

SECONDS = 2.5


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, pictures: tuple[bytes, ...], speech: Speech
) -> Iterator[Site]:
    short = encode_wav(Speech(speech.samples[: int(SECONDS * speech.rate)], speech.rate))
    yield from serve(tmp_path_factory.mktemp("rendering") / "data", None, pictures, short)


def test_a_clip_is_rendered(site: Site, tmp_path: Path) -> None:
    """Every gate passed; a film comes out that moves, is as long as the speech, and is ours."""
    made = site.ask()
    assert [GATE_NAME[each.gate] for each in made.release.timings] == list(Gate)
    path = tmp_path / "clip.mp4"
    path.write_bytes(made.clip)
    with open_video(path) as opened:
        assert opened.info.width == opened.info.height == CONTROLS.size
        assert opened.speech() is not None
        frames = [frame for _, frame in opened.frames()]
    assert len(frames) == made.release.frames == round(SECONDS * CONTROLS.fps)
    mouths = np.array([frame[230:320, 140:250].mean(axis=(1, 2)) for frame in frames[::5]])
    assert mouths.std(axis=0).max() > 1.0
    assert site.anybody.detect(path).record_id == made.release.record_id


def test_a_withdrawal_ends_a_rendering(site: Site) -> None:
    """The worker is killed, whatever it is doing; nothing is left; the next job gets a new one."""
    consent_id, started, made = site.grant(), Event(), [0]
    before = site.state()

    def progress(news: Any) -> None:
        made.append(news.frames_done)
        if news.frames_done >= 2:
            started.set()

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: site.ask(consent_id=consent_id, progress=progress))
        assert started.wait(60)
        site.operator.withdraw(consent_id)
        with pytest.raises(RemoteError) as caught:
            asked.result(30)
    assert (caught.value.code, caught.value.reason) == ("CANCELLED", "RENDER_CANCELLED")
    assert max(made) < round(SECONDS * CONTROLS.fps)
    assert settle(lambda: site.state() == before)
    assert site.ask().clip
