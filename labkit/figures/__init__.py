"""The course's pictures. Each function returns a Matplotlib figure that carries its own alt text; Matplotlib loads with the first one."""

from importlib import import_module

# No file bears the name of a function of this list: loading the file would put the module in the function's place.
_HOMES = {
    "course_map": "stations", "points": "plane", "boundary": "plane", "unit": "unit_drawing", "line_map": "accuracy_map",
    "gate_planes": "rosenblatt", "wedge": "rosenblatt", "many_lines": "rosenblatt", "around_the_limit": "rosenblatt",
    "stream_of_mistakes": "rosenblatt", "sixteen_ways": "corners", "planes": "corners", "straight_or_bump": "corners",
    "six_terms": "quadratic_units", "units_at_corners": "quadratic_units", "seen_and_unseen": "quadratic_units",
    "over_selection": "quadratic_units", "mistakes": "novikoff", "histogram_of_runs": "runs", "images": "small_images", "paper_table": "claims",
    "saturation": "deep_signals", "layer_profiles": "deep_signals", "signal_growth": "deep_signals", "gradient_map": "deep_signals",
    "two_steps": "deep_shapes", "followers": "deep_shapes", "compositions": "deep_shapes", "equal_connections": "deep_shapes",
    "paired_runs": "deep_shapes", "code_errors": "deep_codes", "image_rows": "deep_codes",
    "draw_network": "network", "matrix_blocks": "gradients", "loss_slopes": "gradients", "nudging": "gradients",
    "unit_paths": "representations", "learning_curve": "representations", "mirror_weights": "representations", "codes": "representations",
    "success_map": "representations", "sweeps_needed": "representations", "family_weights": "family_trees",
    "growth": "polynomial_network", "pair_map": "all_pairs", "draw_mountain": "mountain",
    "walks": "foggy_walks", "basin_maps": "basins", "curves": "training_curves",
    "loudness": "drop_scaling", "thinned": "drop_scaling",
    "walks_to_zero": "weight_penalties", "weights_left": "weight_penalties", "weight_images": "weight_penalties",
    "rate_width_map": "rate_widths", "model_rows": "seed_rows", "one_step_each": "look_ahead", "stability_maps": "stability",
    "slopes_of_weights": "step_sizes", "running_roots": "step_sizes",
    "epsilon_curves": "step_sizes", "distance_gone": "step_sizes", "setting_curves": "step_sizes", "height_maps": "start_maps",
    "arrival_maps": "start_maps", "Picture": "picture",
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
