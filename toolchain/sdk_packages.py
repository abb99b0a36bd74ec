"""The generated SDKs as packages: what gen-sdks writes, made ready for each language's own package manager."""

import json
import shutil
import sys
import time
import zipfile
from pathlib import Path

from toolchain.programs import SetupError, command

GENERATED = 'requires = ["setuptools>=61.0"]\n  build-backend = "setuptools.build_meta"'
PINNED = 'requires = ["hatchling>=1.27"]\n  build-backend = "hatchling.build"'
README = """\
# {name}

Real-time rooms as code: the rooms of Relay and LiveKit projects in Pulumi programs in {language}.

It works through the plugin `relay`. Its archive is in the same release:

```sh
pulumi plugin install resource relay {version} --file pulumi-resource-relay-v{version}-linux-amd64.tar.gz
```
"""


def python(sdks: Path, source: Path, version: str, epoch: int, made: Path) -> None:
    """An sdist and a wheel for PyPI."""
    folder = sdks / "python"
    project = (folder / "pyproject.toml").read_text()
    if GENERATED not in project:  # hatchling's archives are the same each time
        raise SetupError("the generator of the Python SDK names another build backend than toolchain/sdk_packages.py")
    (folder / "pyproject.toml").write_text(project.replace(GENERATED, PINNED))
    furnish(folder, source, "pulumi_relay", "Python", version)
    tool = [sys.executable, "-m", "build", "--no-isolation", "--outdir", made, folder]
    command("building the Python SDK", tool)


def nodejs(sdks: Path, source: Path, version: str, epoch: int, made: Path) -> None:
    """A package for npm, compiled: nothing runs where it is installed."""
    if not shutil.which("npm"):
        raise SetupError("the SDK for npm is made by npm, which is missing: install Node.js (https://nodejs.org/)")
    folder = sdks / "nodejs"
    furnish(folder, source, "pulumi-relay", "TypeScript and JavaScript", version)
    npm = ["npm", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline"]
    command("compiling the SDK for npm", [*npm, "install"], cwd=folder)  # its script leaves it in bin/
    package = json.loads((folder / "package.json").read_text())
    package.pop("scripts")
    package["types"] = "bin/index.d.ts"
    package["files"] = ["bin"]
    package["dependencies"] = {"@pulumi/pulumi": package["dependencies"]["@pulumi/pulumi"]}
    for place in (folder, folder / "bin"):  # the compiled code reads its version from the one beside it
        (place / "package.json").write_text(json.dumps(package, indent=4) + "\n")
    command("packing the SDK for npm", [*npm, "pack", "--ignore-scripts", "--pack-destination", made], cwd=folder)


def go(sdks: Path, source: Path, version: str, epoch: int, made: Path) -> None:
    """What a Go module proxy serves, as a zip: unpacked, GOPROXY=file://… takes it."""
    folder = sdks / "go"
    shutil.copy(source / "LICENSE", folder)
    module = (folder / "go.mod").read_text().split()[1]
    when = time.gmtime(epoch)
    content = made / "module.zip"
    files = {f"{module}@v{version}/{path.relative_to(folder)}": path for path in folder.rglob("*") if path.is_file()}
    zipped(content, {name: path.read_bytes() for name, path in files.items()}, when)
    served = {
        "list": f"v{version}\n".encode(),
        f"v{version}.info": json.dumps({"Version": f"v{version}", "Time": time.strftime("%FT%TZ", when)}).encode(),
        f"v{version}.mod": (folder / "go.mod").read_bytes(),
        f"v{version}.zip": content.read_bytes(),
    }
    content.unlink()
    name = f"pulumi-relay-go-{version}-goproxy.zip"
    zipped(made / name, {f"{module}/@v/{file}": text for file, text in served.items()}, when)


def zipped(file: Path, content: dict[str, bytes], when: time.struct_time) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in sorted(content.items()):
            entry = zipfile.ZipInfo(name, when[:6])
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)


def furnish(folder: Path, source: Path, name: str, language: str, version: str) -> None:
    shutil.copy(source / "LICENSE", folder)
    (folder / "README.md").write_text(README.format(name=name, language=language, version=version))
