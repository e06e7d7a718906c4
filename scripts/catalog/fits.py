"""Small statistics: points in, straight lines out. Standard library only."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A standardised major-axis line from a metric to the anchor."""

    mean_x: float
    mean_y: float
    slope: float
    r: float
    spread: float

    def at(self, x: float) -> float:
        """The anchor value that this metric value stands for."""
        return self.mean_y + self.slope * (x - self.mean_x)


def major_axis(points: list[tuple[float, float]]) -> Line | None:
    """The line through points, with the slope sd(y)/sd(x) and the sign of r."""
    count = len(points)
    if count < 3:
        return None
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    var_x = sum((x - mean_x) ** 2 for x, _ in points) / (count - 1)
    var_y = sum((y - mean_y) ** 2 for _, y in points) / (count - 1)
    if var_x <= 0 or var_y <= 0:
        return None
    cov = sum((x - mean_x) * (y - mean_y) for x, y in points) / (count - 1)
    r = cov / math.sqrt(var_x * var_y)
    spread = math.sqrt(max(0.0, 2 * var_y * (1 - abs(r))))
    return Line(mean_x, mean_y, math.copysign(math.sqrt(var_y / var_x), r), r, spread)


def ridge(rows: list[list[float]], ys: list[float], towards: list[float], weights: list[float]) -> list[float]:
    """Least squares drawn towards given coefficients, each with its own weight."""
    size = len(towards)
    matrix = [[0.0] * (size + 1) for _ in range(size)]
    for i in range(size):
        for j in range(size):
            matrix[i][j] = sum(row[i] * row[j] for row in rows)
        matrix[i][i] += weights[i]
        matrix[i][size] = sum(row[i] * y for row, y in zip(rows, ys, strict=True))
        matrix[i][size] += weights[i] * towards[i]
    return _solve(matrix)


def _solve(matrix: list[list[float]]) -> list[float]:
    size = len(matrix)
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(matrix[k][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for k in range(i + 1, size):
            factor = matrix[k][i] / matrix[i][i]
            for j in range(i, size + 1):
                matrix[k][j] -= factor * matrix[i][j]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(matrix[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (matrix[i][size] - known) / matrix[i][i]
    return found


def deviation(values: list[float]) -> float:
    """Root mean square."""
    return math.sqrt(sum(value * value for value in values) / len(values)) if values else 0.0


def median(values: list[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
