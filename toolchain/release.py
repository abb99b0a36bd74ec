"""Run in .venv: have Pulumi's own installer put a version into a folder. Arguments: the folder, the version."""

import sys

from pulumi.automation import PulumiCommand
from semver import VersionInfo

if __name__ == "__main__":
    try:
        PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
