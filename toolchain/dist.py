"""`make dist`: everything that is released, into dist/. What is built is what git tracks, and nothing else that lies
about; twice the same bytes: the time is that of the last commit, and archives have no order or owner of their own.
"""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from toolchain import sbom, sdk_packages
from toolchain.programs import BIN, HERE, MADE, ROOT, SetupError, command, lock

OUTPUT, PLUGIN = ROOT / "dist", "pulumi-resource-relay"
# The engine looks for a file of its own system and processor; these hold the same.
SYSTEMS = [f"{system}-{processor}" for system in ("linux", "darwin") for processor in ("amd64", "arm64")]


def main(output: Path = OUTPUT, with_sdks: bool = True) -> None:
    lock(MADE / "dist")
    epoch = int(git("log", "-1", "--format=%ct"))
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=MADE / "dist") as name:
        source, made = Path(name, "source"), Path(name, "dist")
        made.mkdir()
        for file in git("ls-files", "-z").split("\0"):
            if file and (ROOT / file).is_file():
                (source / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, source / file)
        command("building the package", [sys.executable, "-m", "build", "--no-isolation", "--outdir", made, source])
        wheel = next(made.glob("*.whl"))
        version = wheel.name.split("-")[1]
        plugins(wheel, version, epoch, made)
        if with_sdks:
            command("generating the SDKs", [BIN / "gen-sdks", source / "schema.json", Path(name, "sdks")])
            for make in (sdk_packages.python, sdk_packages.go, sdk_packages.nodejs):
                make(Path(name, "sdks"), source, version, epoch, made)
        (made / f"relay-provider-{version}.cdx.json").write_text(sbom.of(wheel, epoch))
        sums(made)
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(made, output)


def git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"a release is made of what git tracks, and git does not answer here: {error}") from None


def plugins(wheel: Path, version: str, epoch: int, made: Path) -> None:
    """The plugin's archives: a launcher, our wheel, and the versions of what that needs, which comes from a package
    index: as wheels, for every Python, it would be more than 100 MB in each archive."""
    needed = sbom.needed()
    pins = "".join(f"{name}=={version}\n" for name, version in sorted(needed.items()) if name != "relay-provider")
    key = f"{version}-{hashlib.sha256(wheel.read_bytes() + pins.encode()).hexdigest()[:16]}"
    files = {
        PLUGIN: (HERE / "plugin" / PLUGIN).read_bytes().replace(b"@KEY@", key.encode()),
        "first_start.py": (HERE / "plugin" / "first_start.py").read_bytes(),
        "constraints.txt": pins.encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        wheel.name: wheel.read_bytes(),
    }
    archive = tarball(files, epoch, executable=(PLUGIN,))
    for system in SYSTEMS:
        (made / f"{PLUGIN}-v{version}-{system}.tar.gz").write_bytes(archive)


def tarball(files: dict[str, bytes], epoch: int, executable: tuple[str, ...] = ()) -> bytes:
    """A .tar.gz that depends on nothing but its content."""
    output = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=output, mtime=epoch) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), epoch, 0o755 if name in executable else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def sums(made: Path) -> None:
    """As `sha256sum --check SHA256SUMS` reads them."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(made.iterdir())]
    (made / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    try:
        main()
        print("".join(f"  dist/{file.name}\n" for file in sorted(OUTPUT.iterdir())), end="")
    except SetupError as error:
        sys.exit(f"dist: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
