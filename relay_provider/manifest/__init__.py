"""YAML manifests as declarations: which rooms there shall be, in which projects.

`load` reads files and answers with everything they declare, or with everything that is wrong with them.
"""

from relay_provider.manifest.connection import written
from relay_provider.manifest.json_schema import manifest_schema
from relay_provider.manifest.load import Manifest, Project, from_text, load
from relay_provider.manifest.names import (
    ENDINGS,
    declared_name,
    declared_rooms,
    first_of,
    is_name,
    name_of_file,
    namesakes,
)
from relay_provider.manifest.problems import ManifestError, ManifestProblem, Position

__all__ = [
    "ENDINGS",
    "Manifest",
    "ManifestError",
    "ManifestProblem",
    "Position",
    "Project",
    "declared_name",
    "declared_rooms",
    "first_of",
    "from_text",
    "is_name",
    "load",
    "manifest_schema",
    "name_of_file",
    "namesakes",
    "written",
]
