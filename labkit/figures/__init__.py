"""The course's pictures. Each function returns a Matplotlib figure that carries its own alt text; Matplotlib loads with the first one."""

from importlib import import_module

# No file bears the name of a function of this list: loading the file would put the module in the function's place.
_HOMES = {
    "course_map": "stations", "points": "plane", "boundary": "plane", "unit": "unit_drawing", "line_map": "accuracy_map",
    "mistakes": "novikoff", "histogram_of_runs": "runs", "images": "small_images", "paper_table": "claims",
    "draw_network": "network", "growth": "polynomial_network", "pair_map": "all_pairs", "draw_mountain": "mountain", "Picture": "picture",
}
_MODULES = {"style", "scene", "picture", "plane"}
__all__ = [*_HOMES, *_MODULES]


def __getattr__(name):
    if name in _HOMES:
        value = getattr(import_module(f"labkit.figures.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"labkit.figures.{name}")
    else:
        raise AttributeError(f"labkit.figures has no picture called {name!r}; it has {', '.join(sorted(_HOMES))}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
