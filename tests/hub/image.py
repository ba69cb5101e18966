"""What repo2docker would build, built without a container engine: its Dockerfile's steps, one after the other, in an empty root file system.

Two steps are this machine's: the base image is Debian's smallest system from debootstrap instead of Ubuntu's buildpack-deps, and Python comes
from this machine instead of from conda-forge. Everything after that is done as it stands in the Dockerfile, by the user that it names.
"""

import contextlib
import json
import os
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path

import repo2docker

ROOT = Path(__file__).resolve().parents[2]
PLACE = Path("/srv/perceptron-image-tests")
SUITE = "trixie"
BASE = ("ca-certificates", "git", "libbz2-1.0", "libffi8", "liblzma5", "libreadline8t64", "libsqlite3-0", "libssl3t64", "libuuid1", "zlib1g")
NUMBER = 1000
NAMED = {"NB_USER": "jovyan", "NB_UID": str(NUMBER), "REPO_DIR": "/srv/perceptron"}
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
BUILDPACKS = Path(repo2docker.__file__).parent / "buildpacks"


def missing():
    """Why no image can be built here, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a root file system takes root on Linux"
    if shutil.which("debootstrap") is None:
        return "debootstrap is missing; on Debian: apt-get install debootstrap"
    if python() is None:
        return f"no Python {wanted()} to put into the image; install one with pyenv"
    return None


def wanted():
    """The Python that binder/runtime.txt asks for: 3.12."""
    return (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")


def python():
    """The folder of a whole Python of that version, or None."""
    found = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{wanted()}.*"))
    return found[-1] if found else None


def recipe(source):
    """The Dockerfile that repo2docker makes of a folder."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--user-id", NAMED["NB_UID"], "--user-name", NAMED["NB_USER"], "--target-repo-dir",
               NAMED["REPO_DIR"], str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def steps(dockerfile):
    """(instruction, words) of each step."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE)
    for line in re.sub(r"\\\n", "\n ", text).replace("\n ", " ").splitlines():
        if match := re.match(r"([A-Z]+) (.*)", line.strip()):
            yield match.groups()


class Image:
    """A root file system, with the environment, the user and the folder that the steps so far have set."""

    def __init__(self, folder, source, log):
        self.folder, self.source, self.log = folder, source, log
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **NAMED}
        self.user, self.cwd, self.entry = 0, "/", []

    def build(self):
        base()
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run(["cp", "--archive", PLACE / "base", self.folder], check=True)
        doing = {"ARG": self.argument, "ENV": self.variables, "USER": self.become, "WORKDIR": self.enter, "RUN": self.run, "COPY": self.copy,
                 "ENTRYPOINT": self.begin}
        for instruction, words in steps(recipe(self.source)):
            self.log.write(f"{instruction} {words}\n")
            self.log.flush()
            if instruction in doing:        # LABEL, EXPOSE and CMD change no file
                doing[instruction](words)
        return self

    def settle(self):
        """The environment and the entry point of an image that was built before."""
        doing = {"ARG": self.argument, "ENV": self.variables, "WORKDIR": self.enter, "ENTRYPOINT": self.begin}
        for instruction, words in steps(recipe(self.source)):
            doing.get(instruction, str)(words)

    def argument(self, words):
        name, _, value = words.partition("=")
        self.environment.setdefault(name, self.filled(value))

    def variables(self, words):
        for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S*))', words):
            self.environment[name] = self.filled(quoted or plain)

    def become(self, words):
        self.user = 0 if words == "root" else NUMBER

    def enter(self, words):
        self.cwd = self.filled(words)

    def begin(self, words):
        self.entry = json.loads(words)

    def run(self, words):
        if "install-base-env.bash" in words:
            self.own_python()
            return
        done = self.inside("/bin/sh", "-c", words, user=self.user, output=self.log)
        assert done.returncode == 0, f"{words}\nfailed; see {self.log.name}"

    def copy(self, words):
        """From the folder that is built from, or from repo2docker itself; what it brings for conda is left out."""
        *flags, name, target = self.filled(words).split()
        if name.startswith("build_script_files/"):
            return
        mine = name.startswith("src/")
        source, goal = self.source / name.removeprefix("src/") if mine else BUILDPACKS / name.lstrip("/"), self.at(target)
        goal.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, goal, dirs_exist_ok=True)
        else:
            shutil.copy2(source, goal)
        if mine:
            assert f"--chown={NUMBER}:{NUMBER}" in flags
            subprocess.run(["chown", "-R", f"{NUMBER}:{NUMBER}", self.at(NAMED["REPO_DIR"])], check=True)
        else:
            goal.chmod(0o755)

    def at(self, path):
        """Where a path of the image is on this machine."""
        return self.folder / path.lstrip("/")

    def filled(self, words):
        return string.Template(words).safe_substitute(self.environment)

    def own_python(self):
        """This machine's Python where conda would put one, with pip and nothing else, the image's user's own."""
        name = self.environment["NB_PYTHON_PREFIX"]
        prefix = self.at(name)
        prefix.parent.mkdir(parents=True)
        shutil.copytree(python(), prefix, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "test", "site-packages"))
        (prefix / f"lib/python{wanted()}/site-packages").mkdir()
        self.at("/etc/ld.so.conf.d/python.conf").write_text(f"{name}/lib\n")
        self.at("/etc/profile.d/activate-conda.sh").write_text(f"PATH={name}/bin:$PATH\n")
        for command in (["ldconfig"], [f"{name}/bin/python3", "-m", "ensurepip", "--default-pip"],
                        ["chown", "-R", f"{NUMBER}:{NUMBER}", self.environment["CONDA_DIR"]]):
            done = self.inside(*command, user=0, output=self.log)
            assert done.returncode == 0, f"{command}\nfailed; see {self.log.name}"

    def inside(self, *command, user, output=subprocess.PIPE, cwd=None, binds=(), readonly=False, timeout=1800, **environment):
        """Runs a command in the file system as a user number, in namespaces of its own, which take their mounts with them.

        binds : (folder of this machine, folder of the image) to be seen inside; readonly : the file system itself cannot be written to
        """
        here = self.folder
        for mine, there in binds:
            self.at(there).parent.mkdir(parents=True, exist_ok=True)
            self.at(there).mkdir(exist_ok=True) if os.path.isdir(mine) else self.at(there).touch()
        mounts = [f"mount --bind {here} {here}", f"mount -t proc proc {here}/proc", f"mount --rbind /dev {here}/dev",
                  *(f"mount --bind {mine} {here}{there}" for mine, there in binds)]
        if readonly:
            mounts += [f"mount -o remount,ro,bind {here}", f"mount -t tmpfs -o mode=1777 tmpfs {here}/tmp"]
        # Not chroot: in one, nobody may make user namespaces, which bubblewrap needs.
        script = "\n".join(["set -e", *mounts, f"cd {here}", "pivot_root . .", "umount -l .", 'cd "$1"', 'exec "${@:2}"'])
        environment = {**self.environment, "PIP_CERT": CERTIFICATES, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment}
        words = ["nice", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "bash", "-c", script, "bash",
                 cwd or self.cwd, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "env", "-i",
                 *(f"{name}={value}" for name, value in environment.items()), *map(str, command)]
        return subprocess.run(words, stdout=output, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, timeout=timeout)


def base():
    """Debian's smallest system, kept from run to run, with this machine's certificates."""
    folder = PLACE / "base"
    if (folder / "etc" / "complete").exists():
        return
    PLACE.mkdir(exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["nice", "debootstrap", "--variant=minbase", f"--include={','.join(BASE)}", SUITE, folder], check=True, capture_output=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.copy(CERTIFICATES, folder / CERTIFICATES.lstrip("/"))
    shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")
    (folder / "etc" / "complete").touch()
