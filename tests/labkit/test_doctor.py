"""`labkit doctor`: each thing found or missing, what a missing one costs, and the one command that adds it."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import cli, devices, doctor
from labkit.devices import Gpu
from labkit.doctor import finding, gpu, labs, machine


@pytest.fixture
def with_gpu(monkeypatch):
    def pretend(**said):
        monkeypatch.setattr(devices, "find_gpu", lambda: Gpu(**said))

    return pretend


@pytest.fixture
def without(monkeypatch):
    """Pretend that these distributions are not installed, and all others are."""
    def pretend(*names):
        for module in (finding, gpu, labs):
            monkeypatch.setattr(module, "version", lambda name: None if name in names else "99.0")

    return pretend


def test_every_missing_thing_has_its_cost_and_every_found_one_has_none():
    findings = doctor.examine()
    assert len({f.name for f in findings}) == len(findings) == 12
    for f in findings:
        assert f.detail and bool(f.cost) != f.found, f
        assert f.found or f.command or f.name in ("GPU", "Driver", "CUDA packages", "Sandbox", "Memory"), f


def test_the_report_shows_each_finding_and_says_whether_the_labs_run():
    findings = doctor.examine()
    said = doctor.report(findings)
    for f in findings:
        assert all(word in said for word in (f.name, f.detail, f.cost, f.command))
    stopped = [f for f in findings if f.needed and not f.found]
    assert ("Every lab runs here." in said) == (not stopped)


def test_the_command_prints_the_same_as_data(capsys):
    status = cli.main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [f["name"] for f in found] == [f.name for f in doctor.examine()]
    assert set(found[0]) == {"name", "found", "detail", "cost", "command", "needed"}
    assert status == any(f["needed"] and not f["found"] for f in found)


def test_a_folder_whose_letters_the_output_lacks_is_named_all_the_same(monkeypatch, tmp_path):
    """Windows writes what goes into a file in the encoding of its country."""
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "\u0141"))
    out = io.TextIOWrapper(io.BytesIO(), "cp1252")
    monkeypatch.setattr("sys.stdout", out)
    assert cli.main(["doctor"]) == 0
    out.flush()
    assert rb"\u0141" in out.buffer.getvalue()


def test_the_command_refuses_what_it_does_not_know(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["doctor", "--jsno"])
    assert stop.value.code == 2 and "--jsno" in capsys.readouterr().err


def test_the_command_loads_a_part_only_when_it_is_asked_for():
    code = "import sys\nfrom labkit import cli\nassert not {'labkit.doctor', 'numpy', 'numba', 'matplotlib'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_missing_needed_thing_fails_the_command(without, capsys):
    without("scipy", "tqdm")
    found = labs.packages()
    assert not found.found and found.detail == "missing: scipy, tqdm"
    assert found.command.endswith('-m pip install "scipy>=1.13" "tqdm>=4.66"')      # the course's own name would be asked of an index
    assert cli.main(["doctor"]) == 1
    assert "The labs do not run yet: " in capsys.readouterr().out


def test_a_package_older_than_the_course_asks_for_is_named(monkeypatch):
    """As after the installation of something else, which wants an older one."""
    installed = finding.version
    monkeypatch.setattr(labs, "version", lambda name: {"numpy": "1.26.4", "scipy": "99.0rc1"}.get(name) or installed(name))
    found = labs.packages()
    assert not found.found and found.needed and found.detail == "other versions than the course asks for: numpy 1.26.4"
    assert found.command.endswith('-m pip install "numpy>=2.0"')


def test_a_package_that_does_not_load_is_named_and_the_other_looks_go_on():
    """As after an installation that was broken off: numpy is listed, and is not there."""
    code = "import sys\nsys.modules['numpy'] = None\nfrom labkit import cli\nsys.exit(cli.main(['doctor']))"
    tried = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert tried.returncode == 1 and not tried.stderr
    assert "installed, but not to be loaded: " in tried.stdout and '"numpy>=2.0"' in tried.stdout.split("--force-reinstall ")[1].splitlines()[0]
    assert "-   Data           could not be looked for" in tried.stdout and "Sandbox" in tried.stdout


def test_a_gpu_is_described(with_gpu):
    with_gpu(problem=None, name="NVIDIA T4", memory_bytes=15 * 2**30, driver="13.0")
    assert gpu.gpu().found and gpu.gpu().detail == "NVIDIA T4, 15 GiB"
    assert gpu.driver().found and gpu.driver().detail == "for CUDA 13.0"


def test_the_memory_of_a_gpu_is_spoken_of_only_where_it_is_set(with_gpu, monkeypatch):
    with_gpu(problem=None, name="NVIDIA T4", memory_bytes=16 * 2**30, driver="13.0")
    for empty in ("", " "):
        monkeypatch.setenv("LABKIT_GPU_MEMORY", empty)
        assert gpu.memory() is None
    monkeypatch.setenv("LABKIT_GPU_MEMORY", "25%")
    assert gpu.memory().found and gpu.memory().detail == "4.0 GiB for each notebook (LABKIT_GPU_MEMORY=25%)"
    assert "GPU memory" in doctor.report(doctor.examine())
    with_gpu(problem="no NVIDIA driver was found")
    assert gpu.memory().found and gpu.memory().detail == "LABKIT_GPU_MEMORY=25%, which counts where a GPU can be used"


@pytest.mark.parametrize("setting", ["a quarter", "400%", "4 GiBi", "0"])
def test_a_setting_of_the_gpus_memory_that_cannot_be_read_is_named_with_what_can(setting, with_gpu, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_GPU_MEMORY", setting)
    with_gpu(problem=None, name="NVIDIA T4", memory_bytes=16 * 2**30, driver="13.0")
    found = gpu.memory()
    assert not found.found and found.needed and repr(setting) in found.detail and 'such as "4 GiB"' in found.detail
    assert found.command == finding.unset("LABKIT_GPU_MEMORY") and found.cost == "labs stop where they first use the GPU"
    assert cli.main(["doctor"]) == 1
    assert "The labs do not run yet: " in capsys.readouterr().out
    with_gpu(problem="the package numba-cuda is not here", name="NVIDIA T4", memory_bytes=16 * 2**30, driver="13.0")
    assert not gpu.memory().found and not gpu.memory().needed and gpu.memory().cost == "nothing while no GPU can be used"


def test_a_gpu_without_its_packages(with_gpu, without):
    with_gpu(problem="the package numba-cuda is not here", name="NVIDIA T4", driver="13.0")
    without("numba-cuda", "nvidia-nvvm")
    found = gpu.cuda_packages()
    assert not found.found and found.detail == "missing: numba-cuda, nvidia-nvvm" and found.cost == "the GPU stays unused"
    assert found.command.endswith('-m pip install "numba-cuda[cu13]>=0.30.4"')


def test_the_packages_are_no_loss_where_there_is_no_gpu(with_gpu, without):
    with_gpu(problem="no NVIDIA driver was found")
    without("numba-cuda")
    assert gpu.cuda_packages().cost.startswith("nothing in the labs")


def test_an_old_driver_has_a_way_out(with_gpu, monkeypatch):
    with_gpu(problem=None, name="NVIDIA T4", driver="12.4")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = gpu.driver()
    assert not found.found and "12.4" in found.detail
    assert found.command.endswith('pip install "numba-cuda[cu12]"')


def test_a_card_without_a_driver_is_seen_on_the_bus(tmp_path, with_gpu, monkeypatch):
    graphics, sound = "0x030000", "0x040300"
    for slot, vendor, kind in (("0000:01:00.0", "0x10de", graphics), ("0000:01:00.1", "0x10de", sound), ("0000:02:00.0", "0x8086", graphics)):
        (tmp_path / slot).mkdir()
        (tmp_path / slot / "vendor").write_text(vendor + "\n")
        (tmp_path / slot / "class").write_text(kind + "\n")
    assert gpu.graphics_cards(tmp_path) == ["0000:01:00.0"]
    with_gpu(problem="no NVIDIA driver was found")
    monkeypatch.setattr(gpu, "graphics_cards", lambda: ["0000:01:00.0"])
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "apt-get" else None)
    assert gpu.gpu().command == gpu.driver().command == "sudo apt-get install nvidia-driver"


def test_little_memory_is_said(monkeypatch):
    monkeypatch.setattr(devices, "memory_bytes", lambda: 2**29)
    assert machine.memory().detail == "0.5 GiB for this process"
    assert not machine.memory().found


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_of_the_shell_is_said():
    code = "from labkit.doctor import machine; print(machine.memory())"
    tried = subprocess.run(["sh", "-c", 'ulimit -v 1000000 && exec "$0" "$@"', sys.executable, "-c", code], capture_output=True, text=True)
    assert "found=False, detail='1.0 GiB for this process (ulimit -v)'" in tried.stdout, tried.stderr


def test_an_unknown_device_is_said(monkeypatch):
    monkeypatch.setenv("LABKIT_DEVICE", "quantum")
    found = labs.place()
    assert not found.found and "quantum" in found.detail and found.command == finding.unset("LABKIT_DEVICE")


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux")
class TestSandbox:
    def test_missing(self, monkeypatch):
        monkeypatch.setattr(shutil, "which", lambda name: name if name == "apt-get" else None)
        assert machine.sandbox().command == "sudo apt-get install bubblewrap"

    def test_forbidden(self, tmp_path, monkeypatch):
        """A bwrap that fails as it does where the system forbids user namespaces."""
        bwrap = tmp_path / "bwrap"
        bwrap.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
        bwrap.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        found = machine.sandbox()
        assert not found.found and "setting up uid map: Permission denied" in found.detail

    def test_a_bwrap_that_starts_is_not_enough_where_the_grader_finds_more(self, tmp_path, monkeypatch):
        """The instructor's package makes its whole sandbox; the empty one of a student's installation would start here."""
        bwrap = tmp_path / "bwrap"
        bwrap.write_text("#!/bin/sh\ncase \"$*\" in *template.py*) echo \"bwrap: Can't mount proc on /proc\" >&2; exit 1;; esac\n")
        bwrap.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        found = machine.sandbox()
        assert not found.found and "Can't mount proc" in found.detail and "--unprotected" in found.cost
        monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: None)
        assert machine.graders_own_answer() is None and machine.sandbox().found

    def test_a_grader_that_cannot_be_asked_is_no_answer(self, monkeypatch):
        monkeypatch.setattr(sys, "executable", "/no/such/python")
        assert machine.graders_own_answer() is None

    @pytest.mark.parametrize("setting, value, command", [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "sudo sh binder/hub/apparmor/allow.sh"),
        ("user/max_user_namespaces", "0",
         "echo user.max_user_namespaces=15000 | sudo tee -a /etc/sysctl.d/90-course.conf && sudo sysctl --system"),
        ("user/max_user_namespaces", "63000", ""),
    ])
    def test_the_setting_that_forbids_it_is_named(self, tmp_path, setting, value, command):
        (tmp_path / setting).parent.mkdir()
        (tmp_path / setting).write_text(value + "\n")
        assert machine.namespace_command(tmp_path) == command
        named = [Path(word) for word in command.split() if word.startswith("binder/")]
        assert all((Path(__file__).resolve().parents[2] / path).exists() for path in named)


def test_mnist_is_found_where_labkit_data_points(tmp_path, monkeypatch):
    from labkit import datasets

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert not labs.mnist().found and str(tmp_path) in labs.mnist().detail
    for name in datasets.MNIST_FILES:
        (tmp_path / f"{name}.gz").touch()
    assert labs.mnist().found


@pytest.mark.parametrize("windows, words", [
    (False, ['"/My Course/python"', "/course/python", "unset A", "make setup", "make setup PYTHON=python3.12"]),
    (True, ['& "/My Course/python"', "/course/python", "Remove-Item Env:A", *['the lines under "On Windows" in README.md'] * 2]),
])
def test_commands_are_those_of_the_systems_shell(monkeypatch, windows, words):
    monkeypatch.setattr(finding, "WINDOWS", windows)
    assert words == [finding.program("/My Course/python"), finding.program("/course/python"), finding.unset("A"), finding.set_up(),
                     finding.set_up("PYTHON=python3.12")]
    assert "\nOn Windows, in PowerShell" in (Path(__file__).resolve().parents[2] / "README.md").read_text()
