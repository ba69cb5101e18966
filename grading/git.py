"""git, as a command of its own."""

import subprocess


class Refused(RuntimeError):
    """Nothing was published; the message says why and what to do."""


def git(folder, *arguments, check=True, **options):
    """git's CompletedProcess, output as text unless `options` of subprocess.run say otherwise. Raises Refused, with git's own words, where it has to
    succeed and does not, and where there is no git."""
    try:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, **{"text": True} | options)
    except FileNotFoundError:
        raise Refused("the program git, which keeps what is published, is not on the PATH: install it and run this again") from None
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())
        said = said if isinstance(said, str) else said.decode("utf-8", "replace")
        raise Refused(f"git could not do its part in {folder}, see what it says and run this again: {said}")
    return done
