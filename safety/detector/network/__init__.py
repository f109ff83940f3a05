"""Two small networks that tell made faces from filmed ones: by their pixels, and by what moves with them."""

from perception.audio import Speech
from safety.detector.network.layout_observer import LayoutObserver
from safety.detector.network.pixel_observer import PixelObserver
from safety.detector.report import Finding
from safety.detector.view import View

__all__ = ["LayoutObserver", "NetworkObserver", "PixelObserver"]


class NetworkObserver:
    """Both (`safety.detector.view.Observer`), a few looks a second each."""

    def __init__(self) -> None:
        self._both = PixelObserver(), LayoutObserver()

    def see(self, view: View) -> None:
        """The next frame."""
        for each in self._both:
            each.see(view)

    def findings(self, heard: Speech | None) -> list[Finding]:
        """Of both."""
        return [finding for each in self._both for finding in each.findings(heard)]
