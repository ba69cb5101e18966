"""A live picture's page, driven in Chromium against a kernel that is played by the page itself and answers late."""

from pathlib import Path

import pytest

from tests.browser.jupyter import browser, chromium

SCRIPT = Path(__file__).parents[2] / "labkit" / "widgets" / "board.js"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(chromium() is None, reason="no Chromium; on Debian: apt-get install chromium")]

PLAYED = """async source => {
    const { default: board } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    let view = { n: null, title: 'a board', svg: '<svg></svg>', pointer: '', source: '', ours: true, help: '', panel: null, keys: ['a'],
                 alt: 'A line. It lies at 0.5.', note: 'as it was', tick: 0,
                 controls: [{ kind: 'slider', name: 'rate', label: 'Rate', min: 0, max: 9, step: 1, value: 2, words: '2 a day' }] }, draw, asked;
    board.render({ el: document.body, model: { get: () => view, on: (_, f) => { draw = f; }, send: event => { asked = event.n; } } });
    window.show = change => { view = { ...view, ...change, n: asked }; draw(); };
    window.said = { note: [], heard: [] };
    const [note, heard] = document.querySelectorAll('[aria-live]');
    for (const [name, place] of [['note', note], ['heard', heard]]) {
        new MutationObserver(() => place.getAttribute('aria-live') === 'polite' && place.textContent && said[name].push(place.textContent))
            .observe(place, { childList: true });
    }
}"""

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


def test_a_screen_reader_hears_what_a_key_changed_and_no_flood_while_the_picture_plays():
    with browser() as page:
        page.evaluate(PLAYED, SCRIPT.read_text(encoding="utf-8"))

        def key(**change):
            page.locator(".labkit-picture").press("a")
            page.evaluate("change => show(change)", change)

        key(alt="A line. It lies at 0.6.")
        assert page.evaluate("said") == {"note": [], "heard": ["It lies at 0.6."]}
        key(alt="A line. It lies at 0.7.", note="a best one")
        assert page.evaluate("said") == {"note": ["a best one"], "heard": ["It lies at 0.6."]}
        for step in range(5):
            page.evaluate("change => show(change)", {"note": f"step {step}", "alt": f"At step {step}.", "tick": 60000})
        assert page.locator(".labkit-note").inner_text() == "step 4"
        assert page.evaluate("said.note") == ["a best one"]
        page.evaluate("show({ tick: 0 })")
        assert page.evaluate("said") == {"note": ["a best one", "step 4"], "heard": ["It lies at 0.6."]}
        assert page.get_by_role("slider", name="Rate", exact=True).get_attribute("aria-valuetext") == "2 a day"


TOUCHED = """async ([source, css]) => {
    document.head.insertAdjacentHTML('beforeend', `<style>${css}</style>`);
    const { default: board } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const view = { n: null, title: '', alt: '', svg: '<svg viewBox="0 0 800 800"></svg>', pointer: 'drag', source: '', ours: true, note: '',
                   help: '', panel: null, keys: [], tick: 0, controls: [] };
    window.sent = [];
    let draw;
    board.render({ el: document.body, model: { get: () => view, on: (_, f) => { draw = f; },
        send: event => { sent.push(event.type); setTimeout(() => { view.n = event.n; draw(); }, 5); } } });
}"""


def test_one_finger_draws_and_two_enlarge_the_page():
    with browser(has_touch=True, is_mobile=True) as page:
        page.evaluate(TOUCHED, [SCRIPT.read_text(encoding="utf-8"), SCRIPT.with_suffix(".css").read_text(encoding="utf-8")])
        screen = page.context.new_cdp_session(page)

        def touch(kind, *fingers):
            screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)]})
            page.wait_for_timeout(40)

        for kind, *fingers in (("touchStart", (300, 300)), ("touchMove", (330, 360)), ("touchMove", (360, 420)), ("touchEnd",)):
            touch(kind, *fingers)
        assert page.evaluate("sent.splice(0)") == ["down", "drag", "drag", "up"]
        touch("touchStart", (300, 300))
        for far in range(0, 81, 10):
            touch("touchMove" if far else "touchStart", (300 - far, 300 - far), (350 + far, 350 + far))
        touch("touchEnd")
        page.wait_for_timeout(300)
        assert page.evaluate("visualViewport.scale") > 1.5
        assert page.evaluate("sent").count("down") == 1 and "up" not in page.evaluate("sent")
