"""A mountain as a map in a Scene, as `draw_mountain` draws it: bands of equal area, valleys dark, a contour line between two bands."""

from __future__ import annotations

import numpy as np

from labkit.figures.mountain import terrain
from labkit.figures.style import INK


class Relief:
    """heights : (rows, columns), the first row on top; levels : how many bands"""

    def __init__(self, heights, levels=18):
        self.heights, self.cuts = heights, np.quantile(heights, np.linspace(0, 1, levels + 1))
        self.rgb, self._contours = self.shades(heights), {}

    def shades(self, heights):
        """RGB, uint8, of heights of any shape, by the map's own bands."""
        last = len(self.cuts) - 2
        band = np.clip(np.searchsorted(self.cuts, heights), 1, last + 1) - 1
        return np.rint(255 * np.asarray(terrain()(band / last))[..., :3]).astype(np.uint8)

    def draw(self, scene, box, lines=True):
        """box : (x, y, width, height) in pixels"""
        x, y, *size = box
        scene.image(*box, self.rgb)
        for points in self.contours(*size) if lines else ():
            scene.polyline(points + (x, y), INK, 0.7, opacity=0.3)

    def contours(self, width, height):
        """The lines between the bands: arrays (n, 2) of pixels from the upper left corner, without points that no eye would miss."""
        if (width, height) not in self._contours:
            from matplotlib.figure import Figure
            from matplotlib.path import Path

            rows, columns = self.heights.shape
            drawn = Figure().add_subplot().contour(np.linspace(0, width, columns), np.linspace(0, height, rows), self.heights, self.cuts[1:-1])
            paths = [Path(points).cleaned(simplify=True) for points in sum(drawn.allsegs, []) if len(points) > 1]
            self._contours[width, height] = [path.vertices[path.codes != Path.STOP] for path in paths]
        return self._contours[width, height]
