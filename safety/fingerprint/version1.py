"""Fingerprints of version 1, which the first releases stored: turned into maps when they are read.

They held the 48 lowest frequencies of a 2-D DCT of the whole picture, brightness and contrast taken out:
their change 12.5 times a second in 4 bits each, and every third sample themselves in 6; sound as today.
"""

import struct

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

from safety.errors import StoreUnavailable
from safety.fingerprint.grid import CELLS, COARSE
from safety.fingerprint.packing import unpacked
from safety.fingerprint.picture import CHANNELS, EVERY
from safety.fingerprint.sound import BANDS

Floats = NDArray[np.float32]

HEADER = struct.Struct(">3sBIB")  # magic, version, samples, 1 if there is sound
MOST = 20_000_000  # bytes
SIDE, WAVES, THIRD = 32, 48, 3
LAYOUT_STEP, MOTION_ZONE = 0.2, 0.05
SPREAD = 50.0  # grey levels: a picture's usual standard deviation; its own was not kept


def _lowest() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the `WAVES` lowest frequencies but the mean, in order."""
    row, column = np.mgrid[0:SIDE, 0:SIDE]
    order = np.lexsort((row.ravel(), (row**2 + column**2).ravel()))[1 : WAVES + 1]
    return order // SIDE, order % SIDE


ROWS, COLUMNS = _lowest()


def read(data: bytes) -> tuple[Floats, Floats, NDArray[np.int8] | None]:
    """Change (N, 144) and layout (ceil(N / 6), 3, 64) in grey levels, no colour in it, and sound (N, 16).

    Raises:
        StoreUnavailable: the stored bytes are damaged.
    """
    if len(data) < HEADER.size or len(data) > MOST:
        raise damaged()
    _, _, count, sounding = HEADER.unpack_from(data)
    rows = -(-count // THIRD)
    sizes = [count * WAVES // 2, rows * WAVES * 3 // 4, count * BANDS // 4 * sounding]
    if sounding > 1 or len(data) != HEADER.size + sum(sizes):
        raise damaged()
    first, second = HEADER.size + sizes[0], HEADER.size + sizes[0] + sizes[1]
    moved = unpacked(data[HEADER.size : first], 4).reshape(count, WAVES).astype(np.float32)
    laid = unpacked(data[first:second], 6).reshape(rows, WAVES).astype(np.float32)
    sound = unpacked(data[second:], 2).reshape(count, BANDS) if sounding else None
    change = _pictures(np.sign(moved) * moved**2 * MOTION_ZONE, CELLS) * SPREAD
    luma = _pictures(laid * LAYOUT_STEP, COARSE)[:: EVERY // THIRD] * SPREAD + 128.0
    layout = np.zeros((len(luma), CHANNELS, COARSE * COARSE), np.float32)
    layout[:, 0] = luma
    return change, layout, sound


def _pictures(waves: Floats, cells: int) -> Floats:
    """(N, cells**2) the pictures that (N, WAVES) coefficients make, sampled at the cells' middles."""
    spectrum = np.zeros((len(waves), cells, cells), np.float32)
    spectrum[:, ROWS, COLUMNS] = waves * (cells / SIDE)
    return np.asarray(idctn(spectrum, axes=(1, 2), norm="ortho"), np.float32).reshape(len(waves), -1)


def projected(change: Floats) -> Floats:
    """Maps of change (N, 144) without what version 1 did not hold."""
    spectrum = dctn(change.reshape(-1, CELLS, CELLS), axes=(1, 2), norm="ortho")
    kept = np.zeros_like(spectrum)
    kept[:, ROWS, COLUMNS] = spectrum[:, ROWS, COLUMNS]
    return np.asarray(idctn(kept, axes=(1, 2), norm="ortho"), np.float32).reshape(len(change), -1)


def damaged() -> StoreUnavailable:
    return StoreUnavailable("a stored fingerprint is damaged or of another version: restore the records")
