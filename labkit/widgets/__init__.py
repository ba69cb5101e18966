"""The live pictures. Each takes your function and runs it; where no kernel runs, `still(name)` shows the committed picture."""

from importlib import import_module

# No file bears the name of a function of this list: loading the file would put the module in the function's place.
_HOMES = {
    "timeline": "history", "place_points": "hand_points", "turn_line": "xor_line", "line_map": "line_slices", "unit": "threshold_unit",
    "sigmoid_movies": "movie_taste", "grow_network": "growing_network", "rule_machine": "stepping_rules", "fog": "foggy_descent", "bumps": "bump_sum",
    "classroom": "flu_season",
    "rolling_ball": "heavy_ball", "race": "optimizer_race", "race_film": "race_recording", "keep_work": "keepsake",
    "still": "stills", "Board": "board", "Student": "student",
}
__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"labkit.widgets has no picture called {name!r}; it has {', '.join(sorted(_HOMES))}")
    value = getattr(import_module(f"labkit.widgets.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
