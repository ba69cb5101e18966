"""Where the parts of a hub lie on its machine, and what its operator sets in hub.toml: one description for the set-up, the
configuration and the check. Needs nothing but Python."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

COURSE = "course"       # nbgrader's course id, as grading/nbgrader_config.py sets it
NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")

EXAMPLE = '''# The class, by the names of their accounts on this machine. `make hub` reads this file at each start.
instructors = []
students = []

# Who may connect: only this machine, until there is a certificate. Then ip = "0.0.0.0" lets everybody reach the port.
ip = "127.0.0.1"
port = 8000
inner_ports = 8001      # this one and the two after it are used between the hub's own parts, on this machine alone
certificate = ""        # both files readable by root alone
key = ""

# A server that nobody used for so long is stopped; what was saved stays.
idle_minutes = 60

# What one notebook may take of a GPU that several people share: "4 GiB", or a share such as "25%". Empty: 90% of it.
gpu_memory = ""

# What another JupyterHub on this machine puts before a person's name to make the account's: "jupyter-" for The Littlest JupyterHub.
# With a prefix people log in there, and what is said above of who connects, where, and for how long is that hub's to set.
prefix = ""

# The account that owns source, gradebook and secret, and grades. Nobody logs in as it. `make hub` creates it.
account = "course-grader"
'''


class SettingsError(Exception):
    """One sentence: what was wrong, what was expected, what to do."""


@dataclass(frozen=True)
class Hub:
    """A hub in the folder `root`; the other fields are what hub.toml may say."""

    root: Path
    instructors: tuple = ()
    students: tuple = ()
    ip: str = "127.0.0.1"
    port: int = 8000
    inner_ports: int = 8001
    certificate: str = ""
    key: str = ""
    idle_minutes: int = 60
    gpu_memory: str = ""
    prefix: str = ""
    account: str = "course-grader"

    @classmethod
    def at(cls, root):
        """The hub whose folder is `root`. Raises SettingsError."""
        root = Path(root).resolve()
        path = root / "hub.toml"
        try:
            said = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SettingsError(f"{path} is missing; `make hub` writes one to fill in.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not TOML in UTF-8 ({error}); names stand in quotes: students = [\"ada\", \"blaise\"].") from None
        defaults = {field.name: field.default for field in fields(cls) if field.name != "root"}
        for name, value in said.items():
            if name not in defaults:
                raise SettingsError(f"{path}: there is no setting {name}; those are {', '.join(defaults)}.")
            wanted = type(defaults[name])
            if wanted is tuple and isinstance(value, list) and all(isinstance(one, str) for one in value):
                said[name] = tuple(value)
            elif type(value) is not wanted:
                kind = {tuple: "a list of names", str: "text in quotes", int: "a whole number"}[wanted]
                raise SettingsError(f"{path}: {name} is {value!r}, expected {kind}.")
        hub = cls(root, **said)
        hub.check(path)
        return hub

    def check(self, path):
        for name in (*self.people, self.account):
            if not NAME.fullmatch(name):
                raise SettingsError(f"{path}: {name!r} cannot be the name of an account; use small letters, digits, '.', '_' and '-'.")
        twice = sorted({name for name in (*self.people, self.account) if (*self.people, self.account).count(name) > 1})
        if twice:
            raise SettingsError(f"{path}: {', '.join(twice)} stands there twice; a person is a student or an instructor, and nobody is the "
                                "account that grades.")
        if "root" in self.people:
            raise SettingsError(f"{path}: root is no member of the class; name a person's own account.")
        if bool(self.certificate) != bool(self.key):
            raise SettingsError(f"{path}: certificate and key go together; name both files, or neither.")
        if not self.certificate and self.ip not in ("127.0.0.1", "::1", "localhost"):
            raise SettingsError(f"{path}: without a certificate passwords would cross the network readable; name certificate and key, or keep "
                                "ip = \"127.0.0.1\" and put a server with TLS in front.")
        if not 0 < self.port <= 65535 or self.idle_minutes < 1:
            raise SettingsError(f"{path}: port must be 1 to 65535 and idle_minutes at least 1.")
        if not 1024 <= self.inner_ports <= 65533:
            raise SettingsError(f"{path}: inner_ports is {self.inner_ports}, expected 1024 to 65533: the service that grades does not run as root, "
                                "and only root may listen below 1024.")
        if self.inner_ports <= self.port <= self.inner_ports + 2:
            raise SettingsError(f"{path}: port {self.port} is one of the three from inner_ports = {self.inner_ports}; name three others there.")

    @property
    def people(self):
        return (*self.instructors, *self.students)

    def account_of(self, person):
        """The name of a person's account on this machine."""
        return self.prefix + person

    @property
    def guest(self):
        """Whether the course is a guest of another JupyterHub, which has its own proxy, address and log-in, and makes people's accounts."""
        return bool(self.prefix)

    # Where the hub's parts listen, on this machine alone.

    @property
    def proxy_port(self):
        return self.inner_ports

    @property
    def hub_port(self):
        return self.inner_ports + 1

    @property
    def grading_port(self):
        return self.inner_ports + 2

    # Everybody may read these: programs and settings, nothing of anybody's.

    @property
    def environment(self):
        return self.root / "env"

    @property
    def programs(self):
        """This folder's files, as they were copied."""
        return self.root / "hub"

    @property
    def cache(self):
        """Compiled kernels, of which every server gets a copy."""
        return self.root / "cache"

    @property
    def proxy(self):
        return self.root / "proxy"

    # Root's alone: cookie secret, proxy token, the hub's database.

    @property
    def state(self):
        return self.root / "state"

    # The account's: the instructor's programs, which hold the solutions; the course folder, with gradebook and secret.

    @property
    def grader(self):
        return self.root / "grader"

    @property
    def course(self):
        return self.grader / "course"

    # Between the two: nbgrader's exchange.

    @property
    def exchange(self):
        return self.root / "exchange"

    def folders(self):
        """Every folder of the hub's with its permissions and its owner and group: (path, mode, owner, group)."""
        exchange, grader = self.exchange / COURSE, (self.account, self.account)
        return [
            (self.root, 0o755, "root", "root"),
            (self.state, 0o700, "root", "root"),
            (self.grader, 0o750, "root", self.account),
            (self.course, 0o700, *grader),
            # nbgrader wants an exchange that everybody may write to; with the sticky bit nobody can put another course in its place.
            (self.exchange, 0o1777, "root", "root"),
            (exchange, 0o755, *grader),
            (exchange / "outbound", 0o755, *grader),
            # Here students put what they submit: they may add, but neither list nor (sticky bit) remove or replace what others added.
            (exchange / "inbound", 0o3733, *grader),
            (exchange / "feedback", 0o711, *grader),
        ]

    def servers(self, *kinds):
        """JUPYTER_CONFIG_PATH of a server: the folders of its settings, the first one strongest."""
        return ":".join(str(self.programs / "servers" / kind) for kind in (*kinds, "everyone"))

    def server(self):
        """The command of a server, a person's or the one that grades."""
        return ["/bin/sh", str(self.programs / "start"), str(self.environment / "bin" / "jupyterhub-singleuser")]

    @staticmethod
    def ending_with_it(*command):
        """A command whose process gets SIGTERM when the hub ends, killed or not: one that went on would keep its port from the next hub's."""
        return ["setpriv", "--pdeathsig", "TERM", *command]

    def path(self, *first):
        return ":".join(str(folder) for folder in (*first, self.environment / "bin", "/usr/local/bin", "/usr/bin", "/bin"))

    def graders_environment(self):
        """What a process of the account needs to find the instructor's programs."""
        return {"PATH": self.path(self.grader / "bin"), "PYTHONPATH": f"{self.grader}:{self.programs}", "HOME": str(self.course),
                "JUPYTER_CONFIG_PATH": self.servers("grader"), "LABKIT_DEVICE": "cpu",
                "COURSE_ACCOUNTS": self.prefix}
