"""A live picture's page, driven in Chromium against a kernel that is played by the page itself and answers late."""

from pathlib import Path

import pytest

from tests.browser.jupyter import browser, chromium

SCRIPT = Path(__file__).parents[2] / "labkit" / "widgets" / "board.js"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(chromium() is None, reason="no Chromium; on Debian: apt-get install chromium")]

SLOW_KERNEL = """async source => {
    const { default: board } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const answer = (n, value) => ({ n, title: '', alt: '', svg: '<svg></svg>', pointer: '', source: '', ours: true, note: '', help: '', panel: null,
        keys: [], tick: 0, controls: [{ kind: 'slider', name: 'rate', label: '', min: 0, max: 100, step: 1, value, words: `${value}` }] });
    let view = answer(null, 10), draw;
    board.render({ el: document.body, model: { get: () => view, on: (_, f) => { draw = f; },
        send: event => setTimeout(() => { view = answer(event.n, event.value); draw(); }, 100) } });
}"""


def test_arrow_keys_that_are_faster_than_the_kernel_all_count():
    with browser() as page:
        page.evaluate(SLOW_KERNEL, SCRIPT.read_text(encoding="utf-8"))
        page.locator("input").focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(15)
        page.wait_for_timeout(500)
        assert page.locator("output").inner_text() == "40"
