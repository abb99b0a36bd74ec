"""YAML manifests as declarations: which rooms there shall be, in which projects.

`load` reads files and answers with everything they declare, or with everything that is wrong with them.
"""

from relay_provider.manifest.load import Manifest, Project, load
from relay_provider.manifest.report import ManifestError, ManifestProblem, Position
from relay_provider.manifest.schema import manifest_schema

__all__ = ["Manifest", "ManifestError", "ManifestProblem", "Position", "Project", "load", "manifest_schema"]
