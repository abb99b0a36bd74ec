"""What a release needs at run time, as it is where the tests run: as pins, and as a CycloneDX document."""

import hashlib
import json
import re
import uuid
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

SELF = "relay-provider"


def needed() -> dict[str, str]:
    """The package and everything that it needs, with the versions that are installed."""
    found: dict[str, str] = {}
    waiting = [SELF]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name not in found:
            found[name] = metadata.version(name)
            waiting += direct(name)
    return found


def direct(name: str) -> list[str]:
    """What one package needs, without its extras."""
    wants = map(Requirement, metadata.requires(name) or [])
    return [want.name for want in wants if want.marker is None or want.marker.evaluate({"extra": ""})]


def of(wheel: Path, epoch: int) -> str:
    """The CycloneDX document (1.6) of a release with this wheel."""
    version = dict(sorted(needed().items()))
    components = {name: component(name, version[name]) for name in version}
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    own = components.pop(SELF) | {"type": "application", "hashes": [{"alg": "SHA-256", "content": digest}]}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, digest).urn,
        "version": 1,
        "metadata": {"timestamp": f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}", "component": own},
        "components": list(components.values()),
        "dependencies": [
            {"ref": purl(name, version[name]), "dependsOn": sorted({purl(one, version[one]) for one in names(name)})}
            for name in version
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def names(name: str) -> list[str]:
    return [re.sub(r"[-_.]+", "-", one).lower() for one in direct(name)]


def purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def component(name: str, version: str) -> dict[str, object]:
    about = metadata.metadata(name)
    # An SPDX expression, where the package says it as one; else its own words, unless they are the whole license.
    said = about.get("License-Expression")
    words = about.get("License")
    licenses = [{"expression": said}] if said else [{"license": {"name": words}}] if words and "\n" not in words else []
    return {
        "type": "library",
        "bom-ref": purl(name, version),
        "name": name,
        "version": version,
        **({"licenses": licenses} if licenses else {}),
        "purl": purl(name, version),
    }
