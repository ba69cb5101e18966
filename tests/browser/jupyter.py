"""A real JupyterLab in headless Chromium, driven the way a student drives it: open, click, type, run, save."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

# Debian's Chromium in a closed network: without these it floods the log with refused requests of its own.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]
OUTPUT = Path(__file__).parent.parent / "output"


def chromium():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(folder, *arguments, **environment):
    """A JupyterLab serving `folder` on a free port of this machine; yields its address."""
    quiet = Path(folder) / ".settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True, exist_ok=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    port = free_port()
    log = open(Path(folder) / ".jupyterlab.log", "w")       # noqa: SIM115 (closed below)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token=",
               f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True", *arguments]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    places = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "JUPYTERLAB_SETTINGS_DIR": str(Path(folder) / ".settings"),
              "JUPYTERLAB_WORKSPACES_DIR": str(Path(folder) / ".workspaces"), "LABKIT_DEVICE": "cpu"}
    process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | places | environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            if process.poll() is not None:
                raise RuntimeError(f"JupyterLab ended at once:\n{(Path(folder) / '.jupyterlab.log').read_text()[-2000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api").close()
                break
            time.sleep(0.25)
        else:
            raise RuntimeError("JupyterLab did not answer within a minute")
        yield address
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@contextlib.contextmanager
def browser(**options):
    """A page of a headless Chromium, 1280 by 900."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield chrome.new_page(viewport={"width": 1280, "height": 900}, **options)
        finally:
            chrome.close()


PANEL = "[...(window.jupyterapp?.shell.widgets('main') ?? [])].find(w => w.content?.model?.cells)"


class Notebook:
    """An open notebook. Cells are found by their notebook id, which for an exercise is its name."""

    def __init__(self, page, address, path):
        self.page = page
        page.goto(f"{address}/lab/tree/{path}?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        page.wait_for_function(f"{PANEL}?.context.isReady", timeout=60_000)
        page.wait_for_function(f"{PANEL}.sessionContext.session?.kernel?.status === 'idle'", timeout=90_000)
        self.alone()
        with contextlib.suppress(Exception):
            page.locator(".jp-toast-button, .Toastify__close-button").first.click(timeout=500)

    def alone(self):
        """Closes what else JupyterLab opened (a first start shows a page of help) and brings the notebook to the front."""
        self.page.evaluate(f"""() => {{
            const mine = {PANEL};
            for (const other of [...jupyterapp.shell.widgets('main')]) if (other !== mine) other.close();
            jupyterapp.shell.activateById(mine.id);
        }}""")

    def on_cells(self, body, *values):
        """Runs JavaScript with `notebook` (the widget), `cells` and `index(id)` in scope."""
        return self.page.evaluate("""([body, values]) => {
            const notebook = PANEL.content, cells = notebook.widgets;
            const index = id => cells.findIndex(cell => cell.model.id === id);
            return new Function('notebook', 'cells', 'index', 'values', body)(notebook, cells, index, values);
        }""".replace("PANEL", PANEL), [body, list(values)])

    def ids(self):
        return self.on_cells("return cells.map(c => c.model.id)")

    def show(self, ident):
        """Scrolls to a cell, makes it the active one, and returns its locator."""
        at = self.on_cells("const i = index(values[0]); notebook.activeCellIndex = i; notebook.scrollToItem(i, 'center'); return i", ident)
        assert at >= 0, f"no cell {ident}"
        cell = self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{at}']")
        if not cell.is_visible():
            self.alone()
        cell.wait_for(timeout=10_000)
        cell.scroll_into_view_if_needed()
        return cell

    def write(self, ident, source):
        """Replaces a cell's text by typing."""
        cell = self.show(ident)
        editor = cell.locator(".cm-content")
        if not editor.is_visible():
            cell.dblclick()
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(source)

    def run(self, ident, timeout=60):
        """Runs one cell with Shift+Enter and returns the text of its outputs."""
        before = self.on_cells("return cells[index(values[0])].model.executionCount", ident)
        cell = self.show(ident)
        cell.locator(".cm-content").first.click()
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function("""([id, before]) => {
            const cell = PANEL.content.widgets.find(c => c.model.id === id);
            return cell.model.executionCount !== null && cell.model.executionCount !== before && cell.model.executionState !== 'running';
        }""".replace("PANEL", PANEL), arg=[ident, before], timeout=timeout * 1000)
        self.idle(timeout)
        return self.output(ident)

    def idle(self, timeout=60):
        self.page.wait_for_function(f"{PANEL}.sessionContext.session?.kernel?.status === 'idle'", timeout=timeout * 1000)
        self.page.wait_for_timeout(100)

    def output(self, ident):
        """What a cell printed or raised, as text."""
        return self.on_cells("""
            const strip = text => text.replace(/\\u001b\\[[0-9;]*m/g, '');
            const join = text => Array.isArray(text) ? text.join('') : text || '';
            return cells[index(values[0])].model.outputs.toJSON().map(
                o => join(o.text) || strip((o.traceback || []).join('\\n')) || join((o.data || {})['text/plain'])).join('');""", ident)

    def run_all(self, timeout=180):
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_timeout(300)
        self.idle(timeout)

    def save(self):
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function(f"!{PANEL}.context.model.dirty", timeout=20_000)

    def picture(self, name):
        """A screenshot of the page among the tests' output."""
        OUTPUT.mkdir(exist_ok=True)
        self.page.screenshot(path=OUTPUT / f"{name}.png")
        return OUTPUT / f"{name}.png"
