"""Compiles the contracts and compares the result with what is shipped.

The compiled artifacts are part of the package, so running needs no compiler. Building needs solc 0.8.37: a native one
on PATH, or npm's behind `contracts/solc` (node and npm; the lock file pins compiler and OpenZeppelin).
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from dltui.chain.contracts.declarations import names
from dltui.errors import ChainError, ConfigError, MismatchError
from dltui.resources import top

ARTIFACTS_PATH = Path(__file__).with_name("artifacts.json")
NAMES = tuple(sorted(names()))
SOLC_VERSION = "0.8.37"
SETTINGS: dict[str, Any] = {
    "evmVersion": "cancun",
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "optimizer": {"enabled": True, "runs": 200},
}

_IMPORT = re.compile(r'^import[^;"]*"([^"]+)";', re.MULTILINE)
_VERSION = re.compile(r"\d+\.\d+\.\d+\+commit\.[0-9a-f]+")
_OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"]


def build() -> dict[str, Any]:
    """Compile and return the artifacts: `compiler`, `settings`, `sources` (name -> SHA-256), `contracts`.

    Raises ConfigError without sources, node or npm; ChainError when the sources do not compile.
    """
    import solcx
    from solcx.exceptions import SolcError

    solc = _solc()
    sources = _sources()
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": _OUTPUTS}}},
    }
    try:
        output = solcx.compile_standard(request, solc_binary=solc)
    except SolcError as error:
        raise ChainError(f"the contracts do not compile: {error.message}", where=str(solc)) from None
    return {
        "compiler": _version(solc),
        "settings": SETTINGS,
        "sources": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(sources.items())},
        "contracts": {name: _artifact(_compiled(output, name)) for name in NAMES},
    }


def write(artifacts: dict[str, Any]) -> Path:
    """Write `artifacts` as the shipped ones and return their path."""
    ARTIFACTS_PATH.write_text(json.dumps(artifacts, indent=1, sort_keys=True) + "\n")
    return ARTIFACTS_PATH


def install() -> None:
    """Install compiler and OpenZeppelin as the lock file pins them, in `contracts/node_modules`.

    `build` does so by itself when they are missing. Raises ConfigError without npm or lock file, or when npm fails.
    """
    folder, npm = top("contracts"), shutil.which("npm")
    if npm is None:
        raise ConfigError("building the contracts needs npm on PATH to install OpenZeppelin's sources and the compiler")
    if not (folder / "package-lock.json").is_file():
        raise ConfigError(
            "the compiler's lock file is not part of this installation", where=str(folder), hint="use a checkout"
        )
    command = [npm, "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise ConfigError(
            f"npm could not install compiler and OpenZeppelin: {npm_reason(done.stderr)}", where=str(folder)
        )


def npm_reason(stderr: str) -> str:
    """Return the line of npm's complaint that says why; the others name codes, and a log file."""
    said = [line.removeprefix("npm error").strip() for line in stderr.splitlines() if line.startswith("npm error")]
    told = [line for line in said if line and not line.startswith(("code ", "errno ", "syscall ", "A complete log"))]
    return (told or said or stderr.strip().splitlines() or ["no message"])[0]


def check() -> None:
    """Rebuild and compare with the shipped artifacts; MismatchError names the first difference."""
    check_sources()
    difference = _difference(_shipped(), build(), "")
    if difference:
        raise MismatchError(
            f"the shipped artifacts differ from a rebuild at {difference}",
            where=str(ARTIFACTS_PATH),
            hint="build the contracts again and commit the result",
        )


def check_sources() -> None:
    """Compare the sources' SHA-256 with the shipped artifacts, without a compiler.

    OpenZeppelin's sources are compared when they are installed. MismatchError names the first that differs.
    """
    folder = top("contracts")
    recorded: dict[str, str] = dict(_shipped()["sources"])
    present = _source_files()
    for name in sorted(recorded):
        if not name.startswith("src/") and (path := folder / "node_modules" / name).is_file():
            present[name] = path
    for name in sorted(present.keys() | {name for name in recorded if name.startswith("src/")}):
        if name not in present or name not in recorded:
            problem = "is not there" if name not in present else "is not in the artifacts"
        elif hashlib.sha256(present[name].read_bytes()).hexdigest() != recorded[name]:
            problem = "is not the one that was compiled"
        else:
            continue
        raise MismatchError(f"{name} {problem}", where=str(folder), hint="build the contracts again")


def _compiled(output: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (contracts[name] for path, contracts in output["contracts"].items() if path.endswith(f"/{name}.sol"))
    compiled: dict[str, Any] = found
    return compiled


def _artifact(contract: dict[str, Any]) -> dict[str, Any]:
    deployed = contract["evm"]["deployedBytecode"]
    immutables = [
        [place["start"], place["length"]]
        for places in deployed.get("immutableReferences", {}).values()
        for place in places
    ]
    return {
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutables": sorted(immutables),
    }


def _difference(shipped: Any, built: Any, where: str) -> str:
    if isinstance(shipped, dict) and isinstance(built, dict):
        for key in sorted(shipped.keys() | built.keys()):
            path = f"{where}.{key}" if where else str(key)
            if key not in shipped or key not in built:
                return path
            if found := _difference(shipped[key], built[key], path):
                return found
        return ""
    return "" if shipped == built else where


def _shipped() -> dict[str, Any]:
    artifacts: dict[str, Any] = json.loads(ARTIFACTS_PATH.read_bytes())
    return artifacts


def _source_files() -> dict[str, Path]:
    """Our own sources by their names to the compiler, such as `src/rounds/Rounds.sol`."""
    folder = top("contracts")
    return {path.relative_to(folder).as_posix(): path for path in sorted((folder / "src").rglob("*.sol"))}


def _sources() -> dict[str, str]:
    """Return every source by its name to the compiler, with what it imports."""
    folder = top("contracts")
    sources: dict[str, str] = {}
    queue = list(_source_files())
    while queue:
        name = queue.pop()
        if name in sources:
            continue
        own = name.startswith("src/")
        path = folder / name if own else folder / "node_modules" / name
        if not own and not path.is_file():
            install()
        sources[name] = path.read_text(encoding="utf-8")
        for imported in _IMPORT.findall(sources[name]):
            relative = imported.startswith(".")
            queue.append(
                posixpath.normpath(posixpath.join(posixpath.dirname(name), imported)) if relative else imported
            )
    return sources


def _solc() -> Path:
    native = shutil.which("solc")
    if native and _version(Path(native)).startswith(f"{SOLC_VERSION}+"):
        return Path(native)
    if not shutil.which("node"):
        raise ConfigError(f"building the contracts needs solc {SOLC_VERSION}, or node and npm, on PATH")
    if not (top("contracts") / "node_modules" / "solc").is_dir():
        install()
    return top("contracts") / "solc"


def _version(solc: Path) -> str:
    done = subprocess.run([str(solc), "--version"], capture_output=True, text=True, check=False)
    found = _VERSION.search(done.stdout)
    if found is None:
        return "unknown"
    return found.group()
