"""The files of deploy/ as they stand, and the guide to them.

No container is started here, so compose.yaml and the Dockerfile are read, not run.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from bookbag_orchestration.config import load_config
from ingestion import VENDORS
from tests.deployment_support import COMMON, DEPLOY, ROOT, UNITS, compose, entries

# compose.yaml and the image


def code_servers() -> dict[str, dict[str, Any]]:
    services = compose()["services"]
    return {name: each for name, each in services.items() if name.startswith("code-")}


def test_nothing_but_the_webserver_is_open_and_that_on_loopback() -> None:
    services = compose()["services"]
    assert {name: each["ports"] for name, each in services.items() if "ports" in each} == {
        "webserver": ["127.0.0.1:3000:3000"]
    }
    assert services["postgres"]["networks"] == ["storage"]
    assert compose()["networks"]["storage"] == {"internal": True}
    assert not any("network_mode" in each for each in services.values())


def test_services_come_back_by_themselves() -> None:
    services = compose()["services"]
    assert {"postgres", "webserver", "daemon"} < set(services)
    for name, each in services.items():
        assert each["restart"] == "unless-stopped", name
        assert each["healthcheck"]["test"], name
        if name != "postgres":
            assert each["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_volumes_are_declared_and_the_state_is_in_one() -> None:
    used = {
        mount.split(":")[0]
        for each in compose()["services"].values()
        for mount in each["volumes"]
        if not mount.startswith("./")
    }
    assert used == set(compose()["volumes"])
    (data,) = compose()["services"]["postgres"]["volumes"]
    assert data == "postgres:/var/lib/postgresql/data"


def test_each_account_has_its_own_code_server() -> None:
    servers = code_servers()
    assert servers
    homes = []
    for name, each in servers.items():
        account = name.removeprefix("code-")
        mounts = dict(mount.split(":")[1::-1] for mount in each["volumes"])
        environment = each["environment"]
        assert mounts["/etc/bookbag/account"] == f"./accounts/{account}"
        assert environment["BOOKBAG_CONFIG"] == "/etc/bookbag/account/bookbag.toml"
        assert each["env_file"] == f"accounts/{account}/secrets.env"
        homes.append(mounts[environment["BOOKBAG_HOME"]])
    assert len(set(homes)) == len(homes)


def test_the_workspace_names_every_code_server() -> None:
    entries = [
        entry["grpc_server"]
        for entry in yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    ]
    assert [entry["host"] for entry in entries] == [*code_servers()]
    for entry, server in zip(entries, code_servers().values(), strict=True):
        options = dict(zip(server["command"][3::2], server["command"][4::2], strict=True))
        assert options["--port"] == str(entry["port"])
        assert options["--location-name"] == entry["location_name"]
        assert f"code-{entry['location_name']}" == entry["host"]


def test_no_secret_is_written_down() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.name != "secrets.env":
            text = path.read_text()
            named = r"(?:PASSWORD|SOURCES__\w+|TOKEN|SECRET)"
            for value in re.findall(rf"^[ #]*\w*{named}[ \t]*[=:][ \t]*(.*)$", text, re.M):
                assert value.startswith("${") or not value, f"{path.name}: {value}"
            assert not re.search(r"://\w+:(?!\$\{)[^@\s]+@", text), path.name


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    arguments = dict(re.findall(r"^ARG (\w+)=(.+)$", "\n".join(lines), re.M))
    assert re.fullmatch(r"3\.1[123]\.\d+-slim-\w+", arguments["PYTHON"])
    assert f"UV_VERSION := {arguments['UV']}\n" in (ROOT / "Makefile").read_text()
    assert [line for line in lines if line.startswith("USER")] == ["USER bookbag"]
    assert lines[-1] == "USER bookbag"
    assert all("${PYTHON}" in line for line in lines if line.startswith("FROM"))


def test_the_image_gets_what_runs_and_nothing_else() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and line[0] != "#"]
    taken = {rule[1:] for rule in rules if rule.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert rules[0] == "*"
    assert taken == {
        "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "dbt_project", *packages
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in taken)


def test_the_lock_has_what_the_image_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["deploy"]]
    names = {re.split(r"[^\w-]", each, maxsplit=1)[0] for each in wanted}
    assert names <= set(locked)


# systemd


def test_units_are_sound(tmp_path: Path) -> None:
    """By systemd itself where the machine has it; what is ours is checked everywhere."""
    for unit in UNITS.glob("*.service"):
        (command,) = entries(unit, "ExecStart")
        program = command.split()[0].replace(
            "/opt/bookbag/.venv/bin", str(Path(sys.executable).parent)
        )
        assert os.access(program, os.X_OK), command
        assert entries(unit, "WantedBy") == ["multi-user.target"]
        text = unit.read_text().replace("/opt/bookbag/.venv/bin", str(Path(program).parent))
        (tmp_path / unit.name).write_text(text)
    shutil.copytree(COMMON.parent, tmp_path / COMMON.parent.name)
    if analyze := shutil.which("systemd-analyze"):
        names = ["bookbag-webserver.service", "bookbag-daemon.service", "bookbag-code@a.service"]
        done = subprocess.run(
            [analyze, "verify", "--man=no", "--recursive-errors=no", *names],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


def test_units_are_closed() -> None:
    (webserver,) = entries(UNITS / "bookbag-webserver.service", "ExecStart")
    assert "--host 127.0.0.1 " in webserver
    (code,) = entries(UNITS / "bookbag-code@.service", "ExecStart")
    assert "--port" not in shlex.split(code)
    sockets = [
        entry["grpc_server"]["socket"]
        for entry in yaml.safe_load((UNITS / "workspace.yaml").read_text())["load_from"]
    ]
    assert sockets == ["/run/bookbag/example/code.sock"]
    assert sockets[0].replace("example", "%i") in code
    for key, value in {
        "User": "bookbag", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
        "ProtectHome": "yes", "PrivateTmp": "yes", "CapabilityBoundingSet": "",
    }.items():  # fmt: skip
        assert entries(COMMON, key) == [value]


# The example and the guide


def test_the_example_account_is_one(tmp_path: Path) -> None:
    folder = DEPLOY / "accounts" / "example"
    config = load_config(folder / "bookbag.toml", home=tmp_path)
    assert config.account.id == "example"
    text = (folder / "secrets.env.example").read_text()
    for source in config.sources:
        given = re.findall(rf"^SOURCES__{source.name.upper()}__(\w+)=$", text, re.M)
        assert {key.lower() for key in given} in [
            set(keys) for keys in VENDORS[source.kind].secrets
        ]


def test_the_guide_names_what_there_is() -> None:
    guide = ROOT / "docs" / "deployment.md"
    text = guide.read_text()
    named = set(re.findall(r"`(deploy/[\w./@-]+)`", text))
    files = {path for path in DEPLOY.rglob("*") if path.is_file()}
    assert not [name for name in named if not (ROOT / name).exists()]
    told = {path.name for path in files if f"{path.relative_to(ROOT)}" in text}
    assert {"compose.yaml", "dagster.yaml", "workspace.yaml", "Caddyfile"} <= told
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (guide.parent / target).exists(), target
    for unit in UNITS.glob("*.service"):
        assert unit.stem.rstrip("@") in text
    assert "docs/deployment.md" in (ROOT / "README.md").read_text()
