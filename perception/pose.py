"""Head pose from the mesh: the rotation that carries a neutral, symmetrical head onto it."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Mesh index and place of points that do not move with expression: x to image right, y down, z away from the
# camera, in units of the distance between the outer eye corners. The mean of the meshes of seven drawn,
# painted and photographed heads and their mirror images (generalised Procrustes), made symmetrical, and
# tilted so that these heads, which face the viewer, have a mean pitch of zero.
SHAPE = np.asarray(
    [
        (4, 0.000, 0.251, -0.458),
        (6, 0.000, -0.060, -0.271),
        (10, 0.000, -0.691, -0.207),
        (168, 0.000, -0.154, -0.230),
        (33, -0.500, -0.111, 0.007),
        (263, 0.500, -0.111, 0.007),
        (54, -0.646, -0.496, 0.145),
        (284, 0.646, -0.496, 0.145),
        (67, -0.386, -0.656, -0.120),
        (297, 0.386, -0.656, -0.120),
        (117, -0.566, 0.070, 0.015),
        (346, 0.566, 0.070, 0.015),
        (119, -0.359, 0.091, -0.077),
        (348, 0.359, 0.091, -0.077),
        (121, -0.200, 0.035, -0.115),
        (350, 0.200, 0.035, -0.115),
        (127, -0.733, -0.090, 0.541),
        (356, 0.733, -0.090, 0.541),
        (129, -0.208, 0.285, -0.149),
        (358, 0.208, 0.285, -0.149),
        (132, -0.669, 0.365, 0.589),
        (361, 0.669, 0.365, 0.589),
        (133, -0.193, -0.082, -0.056),
        (362, 0.193, -0.082, -0.056),
        (143, -0.662, -0.071, 0.165),
        (372, 0.662, -0.071, 0.165),
        (198, -0.143, 0.169, -0.257),
        (420, 0.143, 0.169, -0.257),
        (205, -0.425, 0.323, -0.101),
        (425, 0.425, 0.323, -0.101),
    ]
)  # fmt: skip
INDICES = SHAPE[:, 0].astype(int)


def head_pose(mesh: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of a (468, 3) mesh, signs as in `engine.state.State.rotation`.

    Positive yaw turns the nose to image right, positive pitch lifts it, positive roll tilts the head to image
    right. The head rolls about its own nose axis first, then pitches, then yaws. Right to a few degrees: the
    mesh draws strongly turned heads less turned than they are.
    """
    rotation = rigid_rotation(SHAPE[:, 1:], mesh[INDICES].astype(np.float64))
    nose = rotation @ np.asarray([0.0, 0.0, -1.0])
    yaw = math.atan2(nose[0], -nose[2])
    pitch = math.asin(float(np.clip(-nose[1], -1, 1)))
    turned = _about_y(yaw) @ _about_x(pitch)
    level = turned.T @ rotation
    roll = math.atan2(level[1, 0], level[0, 0])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def rigid_rotation(source: Floats, target: Floats) -> Floats:
    """The rotation that best carries `source` onto `target`, both (N, 3), after centring and scaling
    (Kabsch).
    """
    u, _, vt = np.linalg.svd((target - target.mean(axis=0)).T @ (source - source.mean(axis=0)))
    sign = np.sign(np.linalg.det(u @ vt))
    rotation: Floats = u @ np.diag([1.0, 1.0, sign]) @ vt
    return rotation


def _about_y(yaw: float) -> Floats:
    c, s = math.cos(yaw), math.sin(yaw)
    return np.asarray([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def _about_x(pitch: float) -> Floats:
    c, s = math.cos(pitch), math.sin(pitch)
    return np.asarray([[1, 0, 0], [0, c, s], [0, -s, c]])
