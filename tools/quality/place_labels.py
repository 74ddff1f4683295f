"""Puts labels beside points so that none covers another label, a point or a line."""
from __future__ import annotations

import dataclasses
import math

CHARACTER, HEIGHT = 7.6, 15  # of 13 px text, a little generous
DISTANCES = (0, 8, 16, 26, 38, 52)
DIRECTIONS = [math.radians(degrees) for degrees in (0, 180, 35, 145, -35, -145, 90, -90, 65, 115, -65, -115)]


@dataclasses.dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


@dataclasses.dataclass(frozen=True)
class Label:
    left: float
    baseline: float
    leader: tuple[float, float] | None  # where a line from the point ends, where the label is far from it


class Placer:
    def __init__(self, frame: Box):
        self._frame, self._taken = frame, []

    def keep_off(self, box: Box) -> None:
        self._taken.append(box)

    def keep_off_line(self, points: list[tuple[float, float]]) -> None:
        """Small boxes along the line."""
        for (x1, y1), (x2, y2) in zip(points, points[1:]):
            steps = max(1, int(math.hypot(x2 - x1, y2 - y1) / 3))
            for step in range(steps + 1):
                x, y = x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps
                self._taken.append(Box(x - 2, y - 2, x + 2, y + 2))

    def place(self, x: float, y: float, text: str) -> Label:
        """Beside the point, or as near as nothing is covered; of equally bad places the nearest."""
        width = CHARACTER * len(text)

        def cost(place: tuple[Box, float]) -> float:
            box, distance = place
            outside = box.area() - box.overlap(self._frame)
            return sum(box.overlap(other) for other in self._taken) + 10 * outside + distance / 10

        places = []
        for distance in DISTANCES:
            for angle in DIRECTIONS:
                # From the point outward: past its radius, the distance, and half of the label's extent.
                middle_x = x + math.cos(angle) * (8 + distance + width / 2)
                middle_y = y - math.sin(angle) * (8 + distance + HEIGHT / 2)
                places.append((Box(middle_x - width / 2, middle_y - HEIGHT / 2, middle_x + width / 2,
                                   middle_y + HEIGHT / 2), distance))
        best, distance = min(places, key=cost)
        self._taken.append(best)
        end = (min(max(x, best.left), best.right), min(max(y, best.top + 2), best.bottom - 2))
        leader = end if distance > 8 else None
        if leader:
            self.keep_off_line([(x, y), end])
        return Label(best.left + width * 0.02, best.bottom - 3.5, leader)
