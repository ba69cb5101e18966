"""The still forms of the live pictures: what a place without a kernel shows. `python -m labkit.widgets.stills [NAME ...]` writes them anew."""

from __future__ import annotations

import json
import sys

LARGEST = 60_000


def boards():
    """{name: function that makes a board at the moment that its still shows}. All use labkit's own functions."""
    from labkit import widgets

    return {"timeline": lambda: widgets.timeline("perceptrons-book"), "place_points": lambda: learned(on_the_movies()),
            "turn_line": lambda: turned(widgets.turn_line()), "line_map": lambda: placed(widgets.line_map()), "unit": widgets.unit,
            "sigmoid_movies": lambda: taught(widgets.sigmoid_movies()), "grow_network": lambda: grown(widgets.grow_network()),
            "rule_machine": lambda: stepped(widgets.rule_machine()),
            "classroom": lambda: schooled(widgets.classroom()),
            "race": lambda: halfway(widgets.race()), "race_film": widgets.race_film,
            "rolling_ball": widgets.rolling_ball, "bumps": widgets.bumps, "fog": lambda: sent(widgets.fog())}


def on_the_movies():
    from labkit import datasets, widgets

    movies = datasets.movies()
    return widgets.place_points(points=(movies.X, movies.y), labels=("x1: Mary's rating", "x2: John's rating"))


def learned(board):
    while board.quiet < len(board.X):
        board.one_pass()
    return board


def turned(board):
    board.try_every()
    board.place(45, -0.35)
    board.measure()
    return board


def placed(board):
    finest(board).go_to_best()
    return finest(board)


def taught(board):
    board.play()
    for _ in range(100):
        board.handle({"type": "tick"})
    return finest(board)


def grown(board):
    for event in ({"name": "layers", "value": 3}, {"name": "keep", "value": 6}):
        board.handle({"type": "control", **event})
    return board


def stepped(board):
    board.handle({"type": "control", "name": "net", "value": "images"})
    for _ in range(8):
        board.handle({"type": "key", "key": "ArrowRight"})
    return board


def sent(board):
    board.send()
    for _ in range(16):
        board.one_pass()
    board.playing = False
    return board


def schooled(board):
    board.handle({"type": "control", "name": "many"})
    return board


def halfway(board):
    board.handle({"type": "control", "name": "time", "value": 30})
    return board


def finest(board):
    """The board with its map at full size: live, the size follows the machine's speed, and a still must not."""
    board.side, board.slices, board.drawn = 61, {}, None
    board.measure()
    return board


def still_path(name):
    from labkit.datasets import data_root

    return data_root() / "stills" / f"{name}.png"


def alt_text(name):
    """The committed alt text of a still, or an empty string where there is none."""
    path = still_path("alt").with_suffix(".json")
    return json.loads(path.read_text(encoding="utf-8")).get(name, "") if path.is_file() else ""


def still(name):
    """The still form of a live picture, drawn now by the same code, with its alt text. Returns a Picture."""
    every = boards()
    if name not in every:
        raise ValueError(f"no live picture is called {name!r}; there are {', '.join(every)}")
    return every[name]().scene().picture()


def small_png(name, picture):
    """PNG bytes with the largest palette that keeps the file below LARGEST."""
    for colors in (256, 128, 64, 32):
        data = picture.png(dpi=144, colors=colors)
        if len(data) < LARGEST:
            return data
    raise ValueError(f"the still of {name} takes {len(data):,} bytes; more than {LARGEST:,} is too much for a notebook")


def write(names=()):
    """Draws these stills, or every one, into data/stills, with their alt texts."""
    every = boards()
    texts = {name: alt_text(name) for name in every}
    for name in names or every:
        picture = still(name)
        data = small_png(name, picture)
        still_path(name).parent.mkdir(exist_ok=True)
        still_path(name).write_bytes(data)
        texts[name] = picture.alt
        print(f"{name}: {len(data):,} bytes")
    still_path("alt").with_suffix(".json").write_text(json.dumps(texts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(write(sys.argv[1:]))
