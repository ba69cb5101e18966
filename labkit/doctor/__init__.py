"""What the course finds on this machine: for each thing that is missing, what that costs you and the one command that adds it.

Nothing here changes the machine, and only Python, the packages and the data are needed to run the labs.
"""

import json
from dataclasses import asdict

from labkit.doctor import gpu, labs, machine
from labkit.doctor.finding import NAME, Finding, version

LOOKS = (labs.python, labs.packages, labs.data, labs.mnist, labs.place, labs.emulator, machine.cores, machine.memory,
         gpu.gpu, gpu.memory, gpu.driver, gpu.cuda_packages, machine.sandbox)


def main(as_json=False):
    """Print the report. Returns 1 where something is missing that the labs need, else 0."""
    findings = examine()
    print(json.dumps({"findings": [asdict(f) for f in findings]}, indent=1) if as_json else report(findings))
    return int(any(f.needed and not f.found for f in findings))


def examine():
    """Everything the course looks for, as a list of Findings; a look that has nothing to say gives none."""
    return [found for look in LOOKS if (found := attempt(look))]


def attempt(look):
    """A look's Finding, also where it needs a package that is missing."""
    try:
        return look()
    except ImportError as error:
        return Finding(look.__name__.capitalize(), False, f"could not be looked for: {error}", "see Packages", needed=True)


def report(findings):
    """The findings as text, one below the other."""
    width = max(len(f.name) for f in findings)
    lines = [f"From Perceptron to Dropout {version(NAME) or '(not installed)'}: what was found on this machine", ""]
    for f in findings:
        lines.append(f"{'ok ' if f.found else '-  '} {f.name:<{width}}  {f.detail}")
        margin = " " * (width + 6)
        if f.cost:
            lines.append(f"{margin}without it: {f.cost}")
        if f.command:
            lines.append(f"{margin}to add it:  {f.command}")
    missing = [f.name for f in findings if f.needed and not f.found]
    lines += ["", f"The labs do not run yet: {', '.join(missing)}." if missing else "Every lab runs here."]
    return "\n".join(lines)
