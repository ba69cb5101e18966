"""A drawing as a list of shapes, written out as SVG for the live pictures and through Matplotlib for the still ones.

Coordinates are pixels, x to the right and y down, so one drawing function serves the widget, its still form and the figures.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from html import escape

import numpy as np

from labkit.figures.style import CARD, COLORS, GRID, INK, MUTED, SOFT

DASHES = {"-": None, "--": (7, 4), ":": (2, 3), "-.": (8, 3, 2, 3)}
FONT = '"DejaVu Sans", Verdana, "Segoe UI", sans-serif'


class Scene:
    """Shapes in the order in which they are laid over each other. width, height : pixels; alt : what is to be seen."""

    def __init__(self, width, height, alt=""):
        self.width, self.height, self.alt, self.shapes = width, height, alt, []

    def polyline(self, points, color=INK, width=2, dash="-", opacity=1.0):
        points = [(float(x), float(y)) for x, y in points]
        self.shapes.append(("polyline", {"points": points, "color": color, "width": width, "dash": DASHES[dash], "opacity": opacity}))

    def line(self, x1, y1, x2, y2, **look):
        self.polyline([(x1, y1), (x2, y2)], **look)

    def polygon(self, points, fill, stroke="none", edge=1.5, opacity=1.0):
        points = [(float(x), float(y)) for x, y in points]
        self.shapes.append(("polygon", {"points": points, "fill": fill, "stroke": stroke, "edge": edge, "opacity": opacity}))

    def rect(self, x, y, width, height, fill, **look):
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill, **look)

    def circle(self, x, y, radius, fill, stroke="none", edge=1.5, dash="-"):
        self.shapes.append(("circle", {"x": float(x), "y": float(y), "radius": radius, "fill": fill, "stroke": stroke, "edge": edge,
                                       "dash": DASHES[dash]}))

    def text(self, x, y, words, size=14, color=INK, anchor="start", bold=False):
        """Text whose middle height stands at y. anchor : start, middle or end"""
        self.shapes.append(("text", {"x": float(x), "y": float(y), "words": str(words), "size": size, "color": color, "anchor": anchor,
                                     "bold": bold}))

    def image(self, x, y, width, height, rgb):
        """A raster stretched over a box. rgb : (rows, columns, 3) uint8, first row on top"""
        self.shapes.append(("image", {"x": x, "y": y, "width": width, "height": height, "rgb": rgb}))

    def marker(self, x, y, name, radius=8, stroke=CARD, edge=1.5, fill=None):
        """The mark of a class (square or circle) or of the unknown (a star)."""
        fill = fill or COLORS.get(name, COLORS["here"])
        if name == "class_1":
            self.circle(x, y, radius, fill, stroke, edge)
        elif name == "class_0":
            side = 0.9 * radius
            self.polygon([(x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y + side)], fill, stroke, edge)
        else:
            turns = [(math.pi * (k / 5 - 0.5), radius * (1.5 if k % 2 == 0 else 0.62)) for k in range(10)]
            self.polygon([(x + r * math.cos(t), y + r * math.sin(t)) for t, r in turns], fill, INK, edge)

    def tick(self, x, y, size=7, color=INK, width=2.5):
        self.polyline([(x - size, y), (x - size / 3, y + size * 0.7), (x + size, y - size * 0.8)], color=color, width=width)

    def cross(self, x, y, size=6, color=INK, width=2.5):
        self.line(x - size, y - size, x + size, y + size, color=color, width=width)
        self.line(x - size, y + size, x + size, y - size, color=color, width=width)

    def arrow(self, x1, y1, x2, y2, color=INK, width=2, head=9, dash="-"):
        length = math.hypot(x2 - x1, y2 - y1)
        if length < 1e-9:
            return
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        bx, by = x2 - head * ux, y2 - head * uy
        self.line(x1, y1, bx, by, color=color, width=width, dash=dash)
        self.polygon([(x2, y2), (bx - 0.5 * head * uy, by + 0.5 * head * ux), (bx + 0.5 * head * uy, by - 0.5 * head * ux)], color)

    def svg(self):
        """The drawing as one <svg> element."""
        body = "".join(WRITERS[kind](**look) for kind, look in self.shapes)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img" '
                f'aria-label="{escape(self.alt)}" font-family="{escape(FONT)}">{body}</svg>')

    def picture(self):
        """The drawing as a Matplotlib Picture of the same size."""
        from labkit.figures.picture import picture

        figure, ax = picture(self.width / 96, self.height / 96, layout=None)
        ax.set_position([0, 0, 1, 1])
        ax.set_axis_off()
        for order, (kind, look) in enumerate(self.shapes):
            PAINTERS[kind](ax, order, **look)
        ax.set(xlim=(0, self.width), ylim=(self.height, 0))
        ax.set_aspect("auto")
        figure.alt = self.alt
        return figure


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


def path(points):
    return " ".join(f"{number(x)},{number(y)}" for x, y in points)


def dashes(dash):
    return f' stroke-dasharray="{" ".join(map(str, dash))}"' if dash else ""


def write_polyline(points, color, width, dash, opacity):
    fade = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<polyline points="{path(points)}" fill="none" stroke="{color}" stroke-width="{number(width)}"{dashes(dash)}{fade}/>'


def write_polygon(points, fill, stroke, edge, opacity):
    fade = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<polygon points="{path(points)}" fill="{fill}" stroke="{stroke}" stroke-width="{number(edge)}"{fade}/>'


def write_circle(x, y, radius, fill, stroke, edge, dash):
    return (f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}" stroke="{stroke}" '
            f'stroke-width="{number(edge)}"{dashes(dash)}/>')


def write_text(x, y, words, size, color, anchor, bold):
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{number(x)}" y="{number(y)}" dy="0.35em" font-size="{number(size)}" fill="{color}" '
            f'text-anchor="{anchor}"{weight}>{escape(words)}</text>')


def write_image(x, y, width, height, rgb):
    data = base64.b64encode(png(rgb)).decode()
    return (f'<image x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>')


def png(rgb):
    """A (rows, columns, 3) uint8 array as PNG bytes, without loading an imaging library."""
    rgb = np.ascontiguousarray(rgb, np.uint8)
    rows, columns, _ = rgb.shape
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)
    lines[:, 1:] = rgb.reshape(rows, -1)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(lines.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks)


def points_wide(pixels):
    return pixels * 0.75


def paint_polyline(ax, order, points, color, width, dash, opacity):
    style = (0, [d / max(width, 1) for d in dash]) if dash else "-"
    ax.plot(*zip(*points, strict=True), color=color, linewidth=points_wide(width), linestyle=style, alpha=opacity, zorder=order,
            solid_capstyle="butt", dash_capstyle="butt")


def paint_polygon(ax, order, points, fill, stroke, edge, opacity):
    from matplotlib.patches import Polygon

    ax.add_patch(Polygon(points, closed=True, facecolor=fill, edgecolor=stroke, linewidth=0 if stroke == "none" else points_wide(edge),
                         alpha=opacity, zorder=order))


def paint_circle(ax, order, x, y, radius, fill, stroke, edge, dash):
    from matplotlib.patches import Circle

    style = (0, [d / max(edge, 1) for d in dash]) if dash else "-"
    ax.add_patch(Circle((x, y), radius, facecolor=fill, edgecolor=stroke, linewidth=0 if stroke == "none" else points_wide(edge),
                        linestyle=style, zorder=order))


def paint_text(ax, order, x, y, words, size, color, anchor, bold):
    ax.text(x, y, words, fontsize=points_wide(size), color=color, ha={"start": "left", "middle": "center", "end": "right"}[anchor],
            va="center_baseline", fontweight="bold" if bold else "normal", zorder=order, parse_math=False)


def paint_image(ax, order, x, y, width, height, rgb):
    ax.imshow(rgb, extent=(x, x + width, y + height, y), interpolation="nearest", zorder=order)


WRITERS = {"polyline": write_polyline, "polygon": write_polygon, "circle": write_circle, "text": write_text, "image": write_image}
PAINTERS = {"polyline": paint_polyline, "polygon": paint_polygon, "circle": paint_circle, "text": paint_text, "image": paint_image}


class Plane:
    """A box of a Scene with two axes: turns data into pixels and back, and draws what the course draws in a plane.

    box : (x, y, width, height) in pixels; xlim, ylim : data
    """

    def __init__(self, scene, box, xlim, ylim):
        self.scene, self.box, self.xlim, self.ylim = scene, box, xlim, ylim

    def to(self, x, y):
        left, top, width, height = self.box
        return (left + width * (x - self.xlim[0]) / (self.xlim[1] - self.xlim[0]),
                top + height * (self.ylim[1] - y) / (self.ylim[1] - self.ylim[0]))

    def back(self, px, py):
        left, top, width, height = self.box
        return (self.xlim[0] + (px - left) / width * (self.xlim[1] - self.xlim[0]),
                self.ylim[1] - (py - top) / height * (self.ylim[1] - self.ylim[0]))

    def holds(self, px, py):
        left, top, width, height = self.box
        return left <= px <= left + width and top <= py <= top + height

    def axes(self, xlabel, ylabel, xticks=(), yticks=(), form="{:g}"):
        """Grid, tick words and labels; drawn before the data."""
        left, top, width, height = self.box
        for value in xticks:
            x, _ = self.to(value, self.ylim[0])
            self.scene.line(x, top, x, top + height, color=GRID, width=1)
            self.scene.text(x, top + height + 14, form.format(value), 12.5, MUTED, "middle")
        for value in yticks:
            _, y = self.to(self.xlim[0], value)
            self.scene.line(left, y, left + width, y, color=GRID, width=1)
            self.scene.text(left - 8, y, form.format(value), 12.5, MUTED, "end")
        self.scene.text(left + width / 2, top + height + 35, xlabel, 13, MUTED, "middle")
        self.scene.text(left, top - 14, ylabel, 13, MUTED)

    def frame(self, color=GRID):
        left, top, width, height = self.box
        self.scene.rect(left, top, width, height, "none", stroke=color, edge=1)

    def corners(self):
        (a, b), (c, d) = self.xlim, self.ylim
        return [(a, c), (b, c), (b, d), (a, d)]

    def sides(self, w, b):
        """Shades the side where w.x + b > 0 as class 1 and the other as class 0."""
        for name, sign in (("class_1", 1), ("class_0", -1)):
            area = clipped(self.corners(), sign * w[0], sign * w[1], sign * b)
            if len(area) > 2:
                self.scene.polygon([self.to(*p) for p in area], SOFT[name])

    def boundary(self, w, b, **look):
        """The line w.x + b = 0 inside the box, if it passes there; returns its two ends in data, or None."""
        ends = crossing(self.corners(), w[0], w[1], b)
        if ends:
            self.scene.line(*self.to(*ends[0]), *self.to(*ends[1]), **{"width": 3, **look})
        return ends


def clipped(corners, a, b, c):
    """The part of a convex polygon where a x + b y + c >= 0 (Sutherland and Hodgman 1974, one edge)."""
    kept = []
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        d1, d2 = a * x1 + b * y1 + c, a * x2 + b * y2 + c
        if d1 >= 0:
            kept.append((x1, y1))
        if d1 * d2 < 0:
            t = d1 / (d1 - d2)
            kept.append((x1 + t * (x2 - x1), y1 + t * (y2 - y1)))
    return kept


def crossing(corners, a, b, c):
    """Where the line a x + b y + c = 0 enters and leaves a convex polygon: two points, or None."""
    hits = []
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        d1, d2 = a * x1 + b * y1 + c, a * x2 + b * y2 + c
        if d1 == d2 or d1 * d2 > 0:
            continue
        t = d1 / (d1 - d2)
        hits.append((x1 + t * (x2 - x1), y1 + t * (y2 - y1)))
    if len(hits) < 2:
        return None
    far = max(((math.dist(p, q), p, q) for p in hits for q in hits), key=lambda hit: hit[0])
    return (far[1], far[2]) if far[0] > 1e-9 else None
