"""Leave the package in .venv/ and the programs it works with as links in .toolchain/bin/.

Run it with any Python from 3.11 on; it needs nothing but the standard library.
"""

# No syntax newer than Python 3.6 in this file: an older Python has to get as far as the sentence below.
import os
import shutil
import sys
from typing import Optional

NEEDED = (3, 11)


def newer_python() -> Optional[str]:  # noqa: UP045
    """The path of a new enough Python under another name (macOS has an old `python3` of its own), or None."""
    for minor in range(14, NEEDED[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)  # noqa: UP031
        if found:
            return found
    return None


def main() -> int:
    """Check the Python, then hand over to the modules that may use all of it."""
    if sys.version_info < NEEDED:
        found = newer_python()
        if found:
            os.execv(found, [found, os.path.abspath(__file__)] + sys.argv[1:])  # noqa: PTH100, RUF005
        sys.stderr.write(
            "setup: Python 3.11 or newer is needed, and this is %d.%d: install one, "  # noqa: UP031
            "or name it: make setup PYTHON=/path/to/python3.12\n" % sys.version_info[:2]
        )
        return 1
    if not __package__:
        # Run as a file: the folder of the checkout stands in for the folder of this file.
        sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    from toolchain.run import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
