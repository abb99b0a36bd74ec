"""`make setup`: the package in .venv/, and the programs it works with in .toolchain/bin/."""

# No syntax newer than Python 3.6 in this file: an older Python has to get as far as the sentence below.
import os
import shutil
import signal
import sys


def main(arguments):
    if sys.version_info < (3, 11):  # noqa: UP036
        # macOS has an old `python3` of its own, beside which others go by their full names.
        newer = next(filter(None, (shutil.which(f"python3.{minor}") for minor in range(14, 10, -1))), None)
        if newer:
            os.execv(newer, [newer, "-m", "toolchain.setup", *arguments])
        this, example = "{}.{}".format(*sys.version_info[:2]), "make setup PYTHON=/path/to/python3.12"
        return f"setup: Python 3.11 or newer is needed, and this is {this}: install one, or name it: {example}"
    from toolchain import programs

    for number in programs.ENDS:
        signal.signal(number, signal.default_int_handler)
    try:
        stay = (programs.BIN / "gen-sdks").exists() and shutil.which("go")
        # What only tests need is waited for by them alone, and stays where it is.
        tests = "--up" not in arguments or any((programs.BIN / name).exists() for _, name, *_ in programs.FOR_TESTS)
        programs.setup("--sdks" in arguments or bool(stay), tests)
    except (programs.SetupError, OSError) as error:
        return f"setup: {error}"
    except KeyboardInterrupt:
        sys.stderr.write("setup: interrupted; what was finished is kept, and the next run goes on from there\n")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
