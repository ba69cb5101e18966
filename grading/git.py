"""git, as a command of its own."""

import subprocess


class Refused(RuntimeError):
    """Nothing was published; the message says why and what to do."""


def git(folder, *arguments, check=True, text=True, input=None):
    """git's CompletedProcess, with its output as text or as bytes. Raises Refused, with git's own words, where it has to succeed and does not, and
    where there is no git."""
    letters = {"encoding": "utf-8", "errors": "surrogateescape"} if text else {}        # git's, whatever the system's are
    try:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, input=input, **letters)
    except FileNotFoundError:
        raise Refused("the program git, which keeps what is published, is not on the PATH: install it and run this again") from None
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())
        said = said if isinstance(said, str) else said.decode("utf-8", "replace")
        raise Refused(f"git could not do its part in {folder}, see what it says and run this again: {said}")
    return done
