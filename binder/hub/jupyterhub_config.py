"""JupyterHub on one machine: a class of system accounts, nbgrader's exchange between them, and one service that grades.

`make hub` copies this beside the hub's other files and starts it as root. The class stands in hub.toml.
"""

import os
import secrets
import stat
import sys
from pathlib import Path

from jupyterhub.auth import PAMAuthenticator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hub_course import configure  # noqa: E402
from hub_settings import Hub  # noqa: E402

c = get_config()  # noqa: F821
hub = Hub.at(Path(__file__).resolve().parents[1])
os.umask(0o022)


def kept_secret(name):
    """A secret of the hub: from the environment, or from a file of root's that is made at the first start."""
    if name in os.environ:
        return os.environ[name]
    path = hub.state / name.lower()
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} holds a secret of the hub and must be readable by root alone: chmod 600 {path}")
    return path.read_text().strip()


# Where it listens, and what it keeps

c.JupyterHub.bind_url = f"{'https' if hub.certificate else 'http'}://{hub.ip}:{hub.port}"
c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = hub.certificate, hub.key
c.ConfigurableHTTPProxy.command = [str(hub.proxy / "node_modules" / ".bin" / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{hub.proxy_port}"
c.ConfigurableHTTPProxy.auth_token = kept_secret("CONFIGPROXY_AUTH_TOKEN")
# JupyterHub ends the process of this number when it starts. /run is empty after a boot, when the number could be any program's.
c.ConfigurableHTTPProxy.pid_file = f"/run/course-hub-{hub.proxy_port}.pid"
c.JupyterHub.hub_ip, c.JupyterHub.hub_port = "127.0.0.1", hub.hub_port
c.JupyterHub.db_url = f"sqlite:///{hub.state / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret = bytes.fromhex(kept_secret("JPY_COOKIE_SECRET"))
c.JupyterHub.cleanup_servers = False        # people go on working while the hub starts again

# Who may come in: the class and nobody else, with the passwords of this machine. Nobody is an administrator of the hub: root is.

class Members(PAMAuthenticator):
    """Whoever is no longer in hub.toml stays in the hub's database, and may have a cookie or token from before: neither is taken."""

    async def refresh_user(self, user, handler=None):
        return user.name in self.allowed_users


c.JupyterHub.authenticator_class = Members
c.Authenticator.allowed_users = set(hub.people)
c.Authenticator.allow_existing_users = False
c.Authenticator.auth_refresh_strict = True
c.Authenticator.admin_users = set()

# The culler may only look at servers and stop them.

c.JupyterHub.load_roles = [
    {"name": "culler", "services": ["culler"], "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"]},
]
c.JupyterHub.services = [
    {
        "name": "culler",
        "user": "nobody",
        "cwd": "/",
        "command": hub.ending_with_it(sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={60 * hub.idle_minutes}"),
    },
]

# People's servers

def private_home(spawner):
    """Nobody but its owner may look into a home."""
    import pwd

    home = Path(pwd.getpwnam(hub.account_of(spawner.user.name)).pw_dir)
    if stat.S_IMODE(home.stat().st_mode) & 0o077:
        home.chmod(0o700)


c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.pre_spawn_hook = private_home
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]

# The class, its rights and the service that grades

configure(c, hub)
