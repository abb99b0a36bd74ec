"""`make down`: end the local Rooms API that `make up` left running. Its rooms end with it."""

from __future__ import annotations

import sys

from toolchain import local
from toolchain.say import SetupError, line


def main() -> int:
    try:
        line("The local Rooms API was stopped." if local.stop() else "No local Rooms API is running.")
    except SetupError as error:
        line(f"Error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
