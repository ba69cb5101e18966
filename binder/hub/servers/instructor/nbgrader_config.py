"""nbgrader in an instructor's own server: the hub says which courses there are to grade."""

c = get_config()  # noqa: F821
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
