"""Formgrader in a browser tab of its own.

JupyterHub forbids since 4.1 that pages of the hub are shown inside others (frame-ancestors 'none'): a student's server, which the same
browser may visit, could otherwise act as the instructor. nbgrader's JupyterLab extension shows formgrader inside JupyterLab: an empty
frame. The rule stays; the address that nbgrader's course list opens leads to formgrader itself.
"""

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.routing import PathMatches, Rule


class FormgraderAsked(PathMatches):
    """The address of JupyterLab, asked for with ?formgrader=true."""

    def match(self, request):
        return super().match(request) if b"true" in request.query_arguments.get("formgrader", []) else None


class ToFormgrader(JupyterHandler):
    @web.authenticated
    def get(self):
        self.redirect(url_path_join(self.base_url, "formgrader"))


def load_jupyter_server_extension(server):
    application = server.web_app
    address = url_path_join(application.settings["base_url"], r"lab/?$")
    application.add_handlers(".*$", [Rule(FormgraderAsked(address), ToFormgrader)])
    rules = application.default_router.rules
    rules.insert(0, rules.pop(-2))      # what was just added stands last but one; JupyterLab's own address would come first


def _jupyter_server_extension_points():
    return [{"module": "hub_formgrader"}]


_load_jupyter_server_extension = load_jupyter_server_extension
