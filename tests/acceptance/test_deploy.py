"""The examples of deploy/ are read by what would read them, and name commands that exist."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from loanbook import schedule
from loanbook.settings import load

DEPLOY = Path(__file__).parents[2] / "deploy"
ZONE = "America/Sao_Paulo"
FILES = {
    "Containerfile", "airflow_dag.py", "compose.yaml", "dagster_job.py", "kubernetes-worker.yaml",
    "kubernetes.yaml", "loanbook-worker.service", "loanbook.cron", "loanbook.service",
    "loanbook.timer",
}  # fmt: skip
CALL = re.compile(r"loanbook ((?:run|status|worker)(?: --[a-z-]+)*)")


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text(name))
    return parser


def test_nothing_lies_there_that_no_test_reads() -> None:
    assert {path.name for path in DEPLOY.iterdir() if path.is_file()} == FILES


def test_the_compose_file_waits_for_its_database() -> None:
    told: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
    services = told["services"]
    assert set(services) == {"database", "mail", "loanbook", "worker"}
    for name in ("loanbook", "worker"):
        assert services[name]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["worker"]["command"][0] == "worker"
    assert services["worker"]["profiles"] != services["loanbook"]["profiles"]
    assert "healthcheck" in services["database"]
    built = (DEPLOY / services["loanbook"]["build"]["context"]).resolve()
    assert (built / services["loanbook"]["build"]["dockerfile"]).is_file()
    used = {volume.split(":")[0] for one in services.values() for volume in one.get("volumes", [])}
    assert used == set(told["volumes"])


def test_the_container_copies_what_is_there_and_runs_as_nobody_special() -> None:
    lines = text("Containerfile").splitlines()
    root = DEPLOY.parent
    for line in lines:
        if line.startswith("COPY"):
            assert all((root / name).exists() for name in line.split()[1:-1]), line
    assert "USER loanbook" in lines


def test_the_cron_job_of_kubernetes_never_overlaps() -> None:
    spec = yaml.safe_load(text("kubernetes.yaml"))["spec"]
    assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", ZONE)
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_the_workers_of_kubernetes_have_settings_and_time_to_stop(tmp_path: Path) -> None:
    settings, deployment = yaml.safe_load_all(text("kubernetes-worker.yaml"))
    (tmp_path / "loanbook.toml").write_text(settings["data"]["loanbook.toml"], "utf-8")
    given = load(tmp_path, {})
    schedule.check(given.worker.cron, given.toml)
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    assert container["ports"][0]["containerPort"] == given.worker.metrics_port
    assert pod["terminationGracePeriodSeconds"] >= given.runs.step_timeout
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_the_units_of_systemd_are_whole() -> None:
    service, timer = unit("loanbook.service"), unit("loanbook.timer")
    assert service["Service"]["Type"] == "oneshot"
    calendar = timer["Timer"]["OnCalendar"]
    assert ZoneInfo(calendar.rsplit(" ", 1)[1]).key == ZONE
    assert timer["Timer"]["Persistent"] == "yes"
    worker = unit("loanbook-worker.service")["Service"]
    assert (worker["Type"], worker["Restart"], worker["KillMode"]) == ("exec", "always", "process")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_units() -> None:
    program = shutil.which("systemd-analyze")
    assert program is not None
    units = [str(DEPLOY / name) for name in FILES if name.endswith((".service", ".timer"))]
    done = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "loanbook" in line]
    assert told == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["airflow_dag.py", "dagster_job.py"])
def test_the_jobs_are_python_for_the_lenders_morning(name: str) -> None:
    said = {
        node.value for node in ast.walk(ast.parse(text(name))) if isinstance(node, ast.Constant)
    }
    assert {"0 6 * * *", ZONE} <= said


def test_the_line_for_cron_has_five_fields_and_a_user() -> None:
    lines = [line for line in text("loanbook.cron").splitlines() if line[:1].isdigit()]
    assert len(lines) == 1
    assert re.match(r"0 6 \* \* \* loanbook loanbook run ", lines[0])


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_command_named_there_exists(name: str) -> None:
    for call in set(CALL.findall(text(name))):
        command, *options = call.split()
        shown = subprocess.run(
            [sys.executable, "-m", "loanbook", command, "--help"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert [option for option in options if option not in shown] == []
