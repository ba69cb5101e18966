"""What people do at the hub, in a browser of their own: log in, use nbgrader's Assignment List and formgrader."""

import contextlib

from tests.browser.jupyter import FLAGS, OUTPUT, Notebook, chromium
from tests.hub.running import LAB


@contextlib.contextmanager
def chrome():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody with a browser window; logged in, and in JupyterLab."""

    def __init__(self, browser, hub, name):
        self.hub, self.name = hub, name
        self.window = browser.new_context(viewport={"width": 1280, "height": 900})
        self.window.set_default_timeout(90_000)
        self.page = self.window.new_page()
        self.page.goto(hub.address)
        self.page.fill("#username_input", name)
        self.page.fill("#password_input", hub.passwords[name])
        self.page.click("#login_submit")
        self.page.wait_for_url(f"**/user/{name}/lab**")
        self.page.wait_for_selector("#jp-MainLogo")

    @property
    def server(self):
        return f"{self.hub.address}/user/{self.name}"

    def home(self):
        self.page.goto(f"{self.server}/lab?reset")
        self.page.wait_for_selector("#jp-MainLogo")

    def menu(self, words):
        """Chooses from JupyterLab's menu Nbgrader."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
        self.page.locator(".lm-Menu-itemLabel", has_text=words).click()

    def picture(self, name, page=None):
        OUTPUT.mkdir(exist_ok=True)
        (page or self.page).screenshot(path=OUTPUT / f"hub-{name}.png")


class Student(Person):
    def assignments(self, kind):
        """The lab's entry in one of the three lists of nbgrader's Assignment List: released, fetched or submitted."""
        return self.page.locator(f"#{kind}_assignments_list .list_item", has_text=LAB).first

    def assignment_list(self):
        """Opens nbgrader's Assignment List and waits until it is filled."""
        with self.page.expect_response(lambda answer: "/assignments?" in answer.url):
            self.menu("Assignment List")
        self.page.wait_for_timeout(1000)

    def fetch(self):
        self.assignment_list()
        self.assignments("released").get_by_role("button", name="Fetch").click()
        self.assignments("fetched").wait_for()

    def notebook(self):
        return Notebook(self.page, self.server, f"{LAB}/{LAB}.ipynb")

    def validate(self):
        """What nbgrader's Validate says."""
        button = self.page.locator("#fetched_assignments_list").get_by_role("button", name="Validate").first
        for _ in range(5):      # the button is below a title that opens and closes, and the list may have been drawn again
            if button.is_visible():
                break
            self.assignments("fetched").get_by_text(LAB).first.click()
            self.page.wait_for_timeout(1500)
        button.click()
        said = self.page.locator(".jp-Dialog-content")
        said.wait_for(timeout=150_000)
        text = said.inner_text()
        self.picture("validated")
        said.get_by_role("button").last.click()
        return text

    def submit(self):
        self.assignments("fetched").get_by_role("button", name="Submit").click()
        self.assignments("submitted").wait_for()

    def fetch_feedback(self):
        """The feedback file, as a path in the student's home."""
        self.home()
        self.assignment_list()
        self.page.locator("#submitted_assignments_list").get_by_text("Fetch Feedback").first.click()
        self.page.locator("#submitted_assignments_list").get_by_text("View Feedback").first.wait_for()
        home = self.hub.home(self.name)
        return next(home.glob(f"{LAB}/feedback/*/{LAB}.html")).relative_to(home)

    def read(self, path):
        """The text of an HTML file as JupyterLab shows it."""
        self.page.goto(f"{self.server}/lab/tree/{path}?reset")
        frame = self.page.locator(".jp-HTMLViewer iframe").first
        frame.wait_for()
        body = frame.content_frame.locator("body")
        body.get_by_text("perceptron").first.wait_for(state="attached")
        self.picture("feedback")
        return body.inner_text()


TYPED = """async ([address, command]) => {
    const key = document.cookie.split('; ').find(one => one.startsWith('_xsrf=')).slice(6);
    const made = await (await fetch(`${address}/api/terminals`, {method: 'POST', headers: {'X-XSRFToken': key}})).json();
    const socket = new WebSocket(`${address.replace('http', 'ws')}/terminals/websocket/${made.name}`);
    let said = '';
    await new Promise((resolve, reject) => {
        setTimeout(() => reject(`nothing more than: ${said}`), 60000);
        socket.onmessage = event => {
            const [kind, text] = JSON.parse(event.data);
            if (kind === 'setup') socket.send(JSON.stringify(['stdin', `${command}; echo the-end-$((6 * 7))\\n`]));
            if (kind === 'stdout') said += text;
            if (kind === 'disconnect' || said.includes('the-end-42')) resolve();
        };
    });
    socket.close();
    return said;
}"""


class Instructor(Person):
    def formgrader(self):
        """Opens formgrader the way nbgrader offers it, from the Course List; returns its page."""
        self.menu("Course List")
        with self.window.expect_page() as opened:
            self.page.locator("#formgrader_list, #courses").get_by_role("link", name="course").first.click()
        page = opened.value
        page.locator("tr", has_text=LAB).wait_for()
        self.picture("formgrader", page)
        return page

    def typed(self, address, command):
        """What a command says in a terminal of the JupyterLab at an address."""
        page = self.window.new_page()
        page.goto(f"{address}/lab?reset")
        page.wait_for_selector("#jp-MainLogo")
        said = page.evaluate(TYPED, [address, command])
        page.close()
        return said

    @staticmethod
    def press(page, icon, row=LAB, timeout=150):
        """Clicks one of formgrader's icons in a table's row and waits for its word of success; returns what it logged."""
        page.locator("tr", has_text=row).locator(f".glyphicon-{icon}").click()
        dialog = page.locator(".modal.in, .modal.show").first
        dialog.wait_for(timeout=timeout * 1000)
        said = dialog.inner_text()
        assert "Success" in said, said
        dialog.get_by_role("button").last.click()
        dialog.wait_for(state="hidden")
        return said
