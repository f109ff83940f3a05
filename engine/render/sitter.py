"""The sitter cut out of the still, seen at displaced places over the background."""

import itertools

import numpy as np
import torch
from torch.nn.functional import adaptive_max_pool2d, max_pool2d, pad

from engine.portrait import Portrait
from engine.render.field import refinement
from engine.render.folds import Shading
from engine.render.pictures import Pictures
from engine.render.window import Window, to_bytes

TILE = (64, 256)  # rows and columns of a frame that are warped at once, where something moves
MOVED = 0.06  # frame pixels; what has moved less is shown as at rest
LEAST_COVER = 1 / 255  # of a pixel by the sitter


class Sitter:
    """Warps the sitter of one portrait.

    Args:
        portrait: whose nodes the displacements are given at.
    """

    def __init__(self, portrait: Portrait, device: torch.device) -> None:
        framing, self.device = portrait.framing, device
        self._size, grid = framing.size, portrait.grid
        self._picture = Pictures(_premultiplied(portrait).to(device), framing)
        self._beyond = beyond = framing.size // 4
        wide = pad(_background(portrait).to(device), (beyond,) * 4, mode="replicate")
        self._wide_background, inner = wide, slice(beyond, beyond + framing.size)
        self._background = wide[:, inner, inner]
        line = np.arange(framing.size, dtype=np.float32) + 0.5
        local, smooth = refinement(grid.x, line)  # the grid is square
        self._local, self._smooth = (torch.from_numpy(m).to(device) for m in (local, smooth))
        self._wide_local = pad(self._local.T, (beyond,) * 2, mode="replicate").T.contiguous()
        # First and last node that weigh in each line of pixels.
        self._reach = [np.flatnonzero(row)[[0, -1]] for row in local]
        along = torch.from_numpy(grid.x).to(device)
        self._nodes = torch.stack(torch.meshgrid(along, along, indexing="xy"))  # (2, N, N)
        self._cover = _node_cover(portrait).to(device)
        self._first, self._step = float(grid.x[0]), grid.step
        self._rest = torch.empty(1, framing.size, framing.size, 3, dtype=torch.uint8, device=device)
        still = self.smoothed(torch.zeros(1, 2, len(grid.y), len(grid.x), device=device))
        tiles = itertools.product(*(_pieces(0, framing.size, length) for length in TILE))
        self._warp(still, self._rest, [(rows, columns) for rows, columns in tiles], None)

    def smoothed(self, back: torch.Tensor) -> torch.Tensor:
        """(B, 2, N, N) the sources in the still, as B-spline coefficients, of displacements `back` to them at
        the portrait's nodes, both in frame pixels."""
        return self._smooth @ (self._nodes + back) @ self._smooth.T

    def frames(self, back: torch.Tensor, smooth: torch.Tensor, shading: Shading | None) -> torch.Tensor:
        """(B, S, S, 3) bytes; of displacements (B, 2, N, N) and what `smoothed` makes of them."""
        frames = self._rest.repeat(len(back), 1, 1, 1)
        self._warp(smooth, frames, self._moving(back, shading), shading)
        return frames

    def sources(self, smooth: torch.Tensor, window: Window, offset: torch.Tensor) -> torch.Tensor:
        """(2, B, h, w) places of the still that are seen in the window, moved by `offset` (B, 2) pixels."""
        parts = [self._within_reach(window, *by) for by in offset.tolist()]
        rows, columns = (
            torch.stack([self._wide_local[line] for line in lines])[:, None]
            for lines in zip(*parts, strict=True)
        )
        return (rows @ smooth @ columns.transpose(2, 3)).transpose(0, 1)

    def over_background(self, sources: torch.Tensor, window: Window, offset: torch.Tensor) -> torch.Tensor:
        """(3, B, h, w) the still at `sources` (2, B, h, w), over the background where the window is."""
        seen = self._picture.seen(sources[None])[0]
        parts = [self._within_reach(window, *by) for by in offset.tolist()]
        behind = torch.stack([self._wide_background[:, rows, columns] for rows, columns in parts], dim=1)
        return torch.addcmul(seen[:3], seen[3:], behind)

    def _within_reach(self, window: Window, right: int, down: int) -> tuple[slice, slice]:
        """Where the moved window is in what goes on beyond the frame."""
        wide = self._size + 2 * self._beyond
        top = min(max(window.top + down + self._beyond, 0), wide - window.height)
        left = min(max(window.left + right + self._beyond, 0), wide - window.width)
        return slice(top, top + window.height), slice(left, left + window.width)

    def _warp(
        self,
        smooth: torch.Tensor,
        frames: torch.Tensor,
        tiles: list[tuple[slice, slice]],
        shading: Shading | None,
    ) -> None:
        for rows, columns in tiles:
            near = [slice(self._reach[s.start][0], self._reach[s.stop - 1][1] + 1) for s in (rows, columns)]
            part = smooth[:, :, near[0], near[1]]
            low, high = part.amin(dim=(0, 2, 3)), part.amax(dim=(0, 2, 3))
            crop = self._picture.crop(low, high)
            places = torch.addcmul(crop.offset, part.transpose(0, 1), crop.factor)
            at = self._local[rows, near[0]] @ places @ self._local[columns, near[1]].T
            seen = crop.seen(at[None])[0]
            colour = torch.addcmul(seen[:3], seen[3:], self._background[:, None, rows, columns])
            if shading is not None and shading.reaches(low, high):
                scale = shading.factor / crop.factor
                colour *= shading.at(torch.addcmul(shading.offset - crop.offset * scale, at, scale))
            frames[:, rows, columns] = to_bytes(colour)

    def _moving(self, back: torch.Tensor, shading: Shading | None) -> list[tuple[slice, slice]]:
        """Rows and columns of the frame that show something else than at rest: bands of rows, and of each
        the columns from the first to the last such pixel."""
        count = back.shape[-1]
        moved = back.abs().amax(dim=1) > MOVED
        came_from = ((self._nodes + back - self._first) / self._step).round_().clamp_(0, count - 1).long()
        came = self._cover[came_from[:, 1], came_from[:, 0]]
        changed = moved & (came | self._cover)
        if shading is not None:
            inside = shading.low[:, None, None] - self._step, shading.high[:, None, None] + self._step
            changed |= ((self._nodes > inside[0]) & (self._nodes < inside[1])).all(dim=0)
        active = changed.any(dim=0).cpu().numpy()
        start, step = self._first, self._step
        parts = []
        for rows in _pieces(0, self._size, TILE[0]):
            first, last = int((rows.start - start) / step), int((rows.stop - start) / step) + 2
            columns = np.flatnonzero(active[first:last].any(axis=0))
            if len(columns):
                left = int(max(start + (columns[0] - 1) * step, 0))
                right = int(min(start + (columns[-1] + 1) * step + 1, self._size))
                parts += [(rows, piece) for piece in _pieces(left, right, TILE[1])]
        return parts


def _pieces(start: int, stop: int, length: int) -> list[slice]:
    """A span cut into equal pieces of about the `length`."""
    count = max(round((stop - start) / length), 1)
    cuts = np.linspace(start, max(start, stop), count + 1).round().astype(int).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(cuts) if a < b]


def _node_cover(portrait: Portrait) -> torch.Tensor:
    """(N, N) whether there is any of the sitter nearer to a node than the next ones but one."""
    nodes = len(portrait.grid.x)
    alpha = torch.from_numpy(np.ascontiguousarray(portrait.alpha))[None, None]
    covered = adaptive_max_pool2d(alpha, nodes - 1)
    return max_pool2d(covered, 4, 1, 2)[0, 0, :nodes, :nodes] > LEAST_COVER


def _premultiplied(portrait: Portrait) -> torch.Tensor:
    """(1, 4, N, N) what the still adds to the background, and how much of that shines through: together over
    the background they are the still."""
    picture = np.empty((1, 4, *portrait.alpha.shape), np.float32)
    picture[0, 3] = 1 - portrait.alpha
    for channel in range(3):
        behind = picture[0, 3] * portrait.background[..., channel]
        picture[0, channel] = portrait.canvas[..., channel] - behind
    return torch.from_numpy(picture)


def _background(portrait: Portrait) -> torch.Tensor:
    """(3, S, S) in frame pixels."""
    framing = portrait.framing
    k, start = framing.oversample, framing.border * framing.oversample
    inner = portrait.background[start : start + framing.size * k, start : start + framing.size * k]
    shrunk = np.add.reduce([inner[i::k, j::k] for i in range(k) for j in range(k)]) / k**2
    return torch.from_numpy(np.ascontiguousarray(shrunk.transpose(2, 0, 1), np.float32))
