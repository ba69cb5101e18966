"""A Postgres of our own on this machine, for tests: started on loopback, removed afterwards."""

import contextlib
import glob
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path


def missing():
    """Why no server can be tested against here, or None."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed: the extra `cluster` of the instructor's package has it"
    if programs() is None:
        return "Postgres is not installed: on Debian, apt-get install postgresql"
    return None


def programs():
    """The folder of Postgres' own programs, or None."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else [Path(one) for one in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextlib.contextmanager
def server():
    """The port of a fresh server, with a user `grader` who may do everything. It refuses to run as root, so it runs as somebody else then."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    who = {}
    if os.geteuid() == 0:
        import pwd

        entry = next(entry for name in ("postgres", "nobody") for entry in pwd.getpwall() if entry.pw_name == name)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **who}
    try:
        subprocess.run([programs() / "initdb", "-D", folder / "data", "-U", "grader", "-A", "trust", "-E", "UTF8"], check=True, **options)
        process = subprocess.Popen([programs() / "postgres", "-D", folder / "data", "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                                    "-c", "unix_socket_directories="], **options)
        try:
            wait(port)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait(port):
    import psycopg

    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=grader dbname=postgres", connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def database(port, name):
    """The SQLAlchemy address of a new, empty database."""
    import psycopg

    with psycopg.connect(f"host=127.0.0.1 port={port} user=grader dbname=postgres", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return f"postgresql+psycopg://grader@127.0.0.1:{port}/{name}"
