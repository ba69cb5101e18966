"""A live picture's page, driven in Chromium against a kernel that is played by the page itself and answers late."""

from pathlib import Path

import pytest

from labkit import figures, widgets
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


DRESSED = """async ([source, css]) => {
    document.head.insertAdjacentHTML('beforeend', `<style>${css}</style>`);
    const { default: board } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const button = (name, pressed) => ({ kind: 'button', name, label: name, hint: '', pressed, disabled: false });
    let view = { n: null, title: '', alt: '', svg: '<svg viewBox="0 0 800 80"></svg>', pointer: '', source: '', ours: true, note: '', help: '',
                 panel: null, keys: [], tick: 0, controls: [button('down', true), button('up', false)] }, draw;
    board.render({ el: document.body, model: { get: () => view, on: (_, f) => { draw = f; }, send: () => {} } });
    window.say = note => { view = { ...view, note }; draw(); return document.querySelector('.labkit-board').offsetHeight; };
}"""


@pytest.fixture
def dressed():
    with browser() as page:
        page.evaluate(DRESSED, [SCRIPT.read_text(encoding="utf-8"), SCRIPT.with_suffix(".css").read_text(encoding="utf-8")])
        yield page


def test_the_page_below_a_playing_board_does_not_go_up_and_down(dressed):
    dressed.set_viewport_size({"width": 500, "height": 700})
    once, twice = (dressed.evaluate("note => say(note)", "seven words that stand here and there " * times) for times in (1, 3))
    assert twice > once
    assert [dressed.evaluate("note => say(note)", "seven words that stand here and there " * times) for times in (1, 3, 0)] == [twice] * 3
    dressed.set_viewport_size({"width": 480, "height": 700})
    assert dressed.evaluate("say('a word')") < twice - 10


def test_where_the_reader_has_chosen_the_colours_ink_still_stands_on_the_card(dressed):
    def ground(selector):
        return dressed.locator(selector).evaluate("element => getComputedStyle(element).backgroundColor")

    dressed.emulate_media(forced_colors="active", color_scheme="dark")
    assert ground(".labkit-picture") == "rgb(253, 252, 249)"
    assert ground(".labkit-board") == "rgb(0, 0, 0)"
    assert ground("[data-name=down]") != ground("[data-name=up]")


def test_the_film_too_keeps_its_card_where_the_reader_has_chosen_the_colours():
    with browser() as page:
        page.emulate_media(forced_colors="active", color_scheme="dark")
        page.set_content(widgets.race_film()._repr_mimebundle_()[0]["text/html"])
        assert page.locator("section > [role=img]").evaluate("element => getComputedStyle(element).backgroundColor") == "rgb(253, 252, 249)"


def test_the_slider_of_the_film_stays_as_wide_under_the_pointer_as_its_words_grow():
    with browser() as page:
        page.set_content(widgets.race_film()._repr_mimebundle_()[0]["text/html"])
        wind = "(slider, frame) => { slider.value = frame; slider.dispatchEvent(new Event('input')); return slider.offsetWidth; }"
        widths = [page.get_by_role("slider", name="time").evaluate(wind, frame) for frame in (0, 5, 50, 100)]
        assert len(set(widths)) == 1
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_words_of_a_picture_stay_readable_on_a_phone_and_paper_shows_it_whole():
    from labkit.figures.style import image_page

    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    with browser() as page:
        page.set_viewport_size({"width": 390, "height": 700})
        page.set_content(image_page(dot, 900, "a dot", smallest=12))
        image = page.locator("img")
        assert image.evaluate("image => image.offsetWidth") == 675      # 12 pixels become 9
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert image.evaluate("image => image.parentElement.scrollWidth") == 675
        page.emulate_media(media="print")
        assert image.evaluate("image => image.offsetWidth") < 390
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1400, "height": 700})
        assert image.evaluate("image => image.offsetWidth") == 900


def test_an_exported_page_says_that_something_live_stood_there_and_paper_shows_the_still():
    from labkit.widgets.board import ASLEEP

    with browser() as page:
        page.set_content(f'''<details><summary>Still picture</summary><p id="still">a still</p></details>
            <div class="jp-OutputArea"><div class="jp-OutputArea-child">{ASLEEP}</div><div class="jp-OutputArea-child">
            <div class="jupyter-widgets"><script>var element;</script><script type="application/json">{{}}</script></div></div></div>''')
        word = page.locator(".labkit-asleep")
        assert word.is_visible() and not page.locator("#still").is_visible()
        page.emulate_media(media="print")
        assert page.locator("#still").bounding_box()["height"] > 0 and page.locator("#still").is_visible()
        page.emulate_media(media="screen")
        page.locator(".jupyter-widgets").evaluate("place => place.append(document.createElement('section'))")
        assert not word.is_visible()


def test_a_table_of_claims_gives_its_words_the_room_in_a_narrow_window():
    row = {"claim": "XOR", "kind": "theorem", "paper": "all", "ours": "all", "setting": "", "why": "it must", "ok": True}
    with browser() as page:
        page.set_content(f'<div style="width:0">{figures.paper_table([row])._repr_html_()}</div>')
        widths = []
        for wide in (1400, 700):
            page.set_viewport_size({"width": wide, "height": 700})
            widths.append(page.locator("table").evaluate("table => table.offsetWidth"))
        assert widths[0] - widths[1] >= 27
