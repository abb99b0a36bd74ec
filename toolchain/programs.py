"""What setup makes: .venv/ by pip; the programs from PATH, else built by Go, else (pulumi) by its own installer."""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT, MADE = HERE.parent, HERE.parent / ".toolchain"
BIN, STAMP, VENV = MADE / "bin", MADE / "stamp", ROOT / ".venv"
PYTHON, VENV_STAMP = VENV / "bin" / "python", VENV / ".relay-setup"
# Outside the checkout, so that the next one finds what this one built.
USUAL = os.environ.get("XDG_CACHE_HOME") or Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
CACHE = Path(os.environ.get("RELAY_TOOLCHAIN_CACHE") or Path(USUAL, "relay-provider")).expanduser().absolute()
PYTHON_HOST, YAML_HOST, SDK_HOSTS = "pulumi-language-python", "pulumi-language-yaml", "pulumi-language-nodejs-go"
EXEC, DYNAMIC, TOFU = "pulumi-language-python-exec", "pulumi-resource-pulumi-python", "opentofu"
FILES = {
    PYTHON_HOST: [PYTHON_HOST, EXEC, DYNAMIC],
    SDK_HOSTS: ["pulumi-language-nodejs", "pulumi-language-go"],
    TOFU: ["tofu"],
}
FOR_TESTS = (  # what is built, its program, how that says its version, the oldest that will do, where others are
    ("livekit-server", "livekit-server", "--version", (), "https://docs.livekit.io/home/self-hosting/local/"),
    (TOFU, "tofu", "version", (1, 11, 0), "https://opentofu.org/docs/intro/install/"),
)
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INSTALL = "import sys, pulumi.automation; pulumi.automation.PulumiCommand.install(sys.argv[1])"
NO_GO = "install Go (https://go.dev/dl/) and run `make setup` again, which then builds it"


def key(*names: str) -> str:
    """A name for builds of these programs from their pins, for this machine."""
    pins = [*sorted(file for name in names for file in (HERE / name).glob("go.*")), HERE / "gen-sdks" / "main.go"]
    pins = pins if "gen-sdks" in names else pins[:-1]
    return hashlib.sha256(b"".join(map(Path.read_bytes, pins)) + repr(platform.uname()[::4]).encode()).hexdigest()[:16]


# One folder for all but OpenTofu: pulumi warns of a host that is not its neighbour.
STORE = CACHE / key(*(folder.parent.name for folder in HERE.glob("*/go.mod") if folder.parent.name != TOFU))


class SetupError(Exception):
    """Something a person can do something about: its text is all they get to see."""


def setup(sdks: bool, tests: bool = True) -> None:
    """`tests`: with what only they need, a LiveKit server and OpenTofu."""
    if not (same(VENV_STAMP, packages()) and same(STAMP, programs(sdks, tests))):
        lock(MADE / "logs")
        lock(CACHE)
        same(VENV_STAMP, packages()) or install_packages()
        same(STAMP, programs(sdks, tests)) or install_programs(sdks, tests)


def same(stamp: Path, now: str) -> bool:
    return stamp.exists() and stamp.read_text() == now


def lock(folder: Path) -> None:
    """One process at a time, until it and the commands that it started have ended: a killed run leaves a pip behind."""
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "lock", os.O_CREAT | os.O_WRONLY, 0o666)
    os.set_inheritable(file, True)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another run of setup …", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)


@contextlib.contextmanager
def noting_signals():
    """Signals end this process only after this: one that came while a command starts would leave that running."""
    noted = []
    before = {number: signal.signal(number, lambda number, _: noted.append(number)) for number in ENDS}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if noted:
        raise KeyboardInterrupt


def command(doing: str, arguments: list, about: str = "", **options) -> str:
    """Run a command, and return what it said, which goes to a log that the error names."""
    log = MADE / "logs" / f"{doing.replace(' ', '-')}.log"
    begin, end, every = ("\r", "", 1) if sys.stdout.isatty() else ("", "\n", 30)
    print(f"{doing}{about} …", flush=True)
    started = shown = time.monotonic()
    # A group of its own, so that an end reaches all of it: compilers outlive a `go build` that is ended alone.
    options |= {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "start_new_session": True, "close_fds": False}
    with (
        log.open("wb") as output,
        noting_signals() as noted,
        subprocess.Popen(arguments, stdout=output, **options) as process,
    ):
        try:
            while process.poll() is None and not noted:
                time.sleep(0.1)
                if time.monotonic() - shown > every:
                    shown = time.monotonic()
                    print(f"{begin}{doing}: {shown - started:.0f} s", end=end, flush=True)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
                with contextlib.suppress(OSError):  # what was not quite started when it was told to end
                    os.killpg(process.pid, signal.SIGKILL)
            print(f"{begin}{doing}: {time.monotonic() - started:.0f} s", flush=True)
    said = log.read_text(errors="replace").strip()
    if process.returncode:
        raise SetupError(f"{doing} failed (status {process.returncode}), see {log}: {said.rpartition(os.linesep)[2]}")
    return said


def packages() -> str:
    """What .venv is bound to (its place is in its scripts, a Python is behind it), and what it is made from."""
    made_from = (ROOT / "pyproject.toml").read_bytes() + (HERE / "constraints.txt").read_bytes()
    behind = os.path.realpath(PYTHON) if os.access(PYTHON, os.X_OK) else "no Python"
    return f"{VENV.resolve()}\n{behind}\n{hashlib.sha256(made_from).hexdigest()}"


def install_packages() -> None:
    before = VENV_STAMP.read_text() if VENV_STAMP.exists() else ""
    # It comes back when all is done: an environment that an ended run left is made anew.
    VENV_STAMP.unlink(missing_ok=True)
    if not before.startswith(packages().rpartition("\n")[0]):
        # By the Python behind a virtual environment: one made from .venv itself would lose its own ground.
        base = getattr(sys, "_base_executable", None) or sys.executable
        command("making .venv", [base, "-m", "venv", "--clear", VENV.resolve()], " (by python3-venv on Debian)")
    made = packages()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    command("looking at pip", [*pip, "pip>=25.1"])  # the first that knows --group
    what = ["-e", ".[terraform]", "--group", "dev", "-c", HERE / "constraints.txt"]
    command("installing the Python packages", [*pip, *what], ", about a minute, once", cwd=ROOT)
    VENV_STAMP.write_text(made)


def path() -> list[Path]:
    """PATH without what setup made itself, then where Pulumi's own installers leave it."""
    roots = runpy.run_path(str(ROOT / "relay_provider" / "cli" / "installs.py"))["install_roots"]()
    folders = [*map(Path.absolute, map(Path, os.get_exec_path())), *(root / "bin" for root in [*roots, STORE])]
    return [folder for folder in folders if folder.resolve() != BIN.resolve()]


def among(folders: list[Path], *names: str) -> list[Path]:
    """The files of these names, if all are there. (The newest pulumi-language-python has the -exec script inside.)"""
    found = {name: shutil.which(name, path=os.pathsep.join(map(str, folders))) for name in names}
    return [Path(file) for file in found.values() if file] if all(found[name] or name == EXEC for name in names) else []


def answering(name: str, argument: str, needed: tuple[int, ...] = ()) -> list[Path]:
    """The first that says its version, if that will do."""
    for program in [file for folder in path() for file in among([folder], name)]:
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace"}
        try:
            said = subprocess.run([program, argument], timeout=30, check=True, **options).stdout
        except (OSError, subprocess.SubprocessError):
            said = ""
        number = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
        if number and tuple(map(int, number.groups())) >= needed:
            return [program]
        old = number and f"is {number[0]}, and {'.'.join(map(str, needed))} or newer is needed"
        print(f"not taken: {program} {old or f'does not answer to `{name} {argument}`'}")
    return []


def built(name: str) -> list[Path]:
    """The program's files: from STORE, or from a folder of its own, where they stay until its own pins change."""
    names, own = FILES.get(name, [name]), CACHE / f"{name}-{key(name)}"
    home = own if name == TOFU else STORE
    if not (there := among([home], *names) or among([own], *names)):
        build(name, own)
        there = among([own], *names)
    for folder in {own, home}:
        folder.mkdir(exist_ok=True)
        for file in there:
            (folder / file.name).exists() or os.link(file, folder / file.name)
    return among([home], *names)


def build(name: str, home: Path) -> None:
    if not (go := shutil.which("go")):
        raise SetupError(f"{name} is neither on PATH nor in the cache, and Go is missing")
    # The first of these modules is the one that the program is in.
    modules = re.compile(r"/(?:pulumi/pkg/v3|pulumi-yaml|pulumi/sdk/v3|livekit-server|opentofu/opentofu) v(\S+)")
    version, sdk = modules.search((HERE / name / "go.mod").read_text())[1], "github.com/pulumi/pulumi/sdk/v3"
    variable = {
        YAML_HOST: f"github.com/pulumi/pulumi-yaml/pkg/version.Version=v{version}",
        TOFU: "github.com/opentofu/opentofu/version.dev=no",
    }.get(name, f"{sdk}/go/common/version.Version=v{version}")
    arguments = [go, "build", "-trimpath", "-ldflags", f"-s -w -X {variable}", "-o"]
    # For this machine, and without cgo for any release of its system.
    env = {**os.environ, "GOOS": "", "GOARCH": "", "CGO_ENABLED": "0", "GOWORK": "off"}
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=CACHE, ignore_cleanup_errors=True) as folder:
        file = "" if name == SDK_HOSTS else FILES.get(name, [name])[0]
        about = f" from source, once (about {'4 minutes' if name == TOFU else '8 minutes for all of them'})"
        what = [f"{folder}/{file}", "." if name == "gen-sdks" else "tool"]
        command(f"building {name} {version}", [*arguments, *what], about, cwd=HERE / name, env=env)
        if name == PYTHON_HOST:  # with two scripts that are in no Go package
            download = [go, "mod", "download", "-json", sdk]
            place = re.search('"Dir": "(.*)"', command("fetching scripts", download, cwd=HERE / "pulumi", env=env))[1]
            for script in (f"{place}/python/cmd/{EXEC}", f"{place}/python/dist/{DYNAMIC}"):
                Path(shutil.copy(script, folder)).chmod(0o755)
        home.mkdir(exist_ok=True)
        for made in sorted(Path(folder).iterdir(), reverse=True):  # last what the scripts go with
            made.replace(home / made.name)


def pulumi(hosts: list[str]) -> list[Path]:
    files = answering("pulumi", "version", (3, 227, 0))  # since then `--expect-no-changes` has its own exit code
    beside = [files[0].resolve().parent, files[0].parent, *path()] if files else []
    files = files or built("pulumi")
    for host in hosts:
        files += among(beside, *FILES.get(host, [host])) or built(host)
    return files


def programs(sdks: bool, tests: bool) -> str:
    """What would be another if other programs were found, and the links: cheap, nothing is run."""
    names = ("pulumi", *(("livekit-server", "tofu") if tests else ()))
    found = [file for name in names for folder in path() for file in among([folder], name)]
    links = [(file.name, os.path.realpath(file), os.access(file, os.X_OK)) for file in BIN.glob("*")]
    pins = (STORE, key(TOFU) if tests else "")
    return repr((sdks, pins, [(file, file.stat().st_mtime_ns) for file in found], sorted(links)))


def install_programs(sdks: bool, tests: bool) -> None:
    for left in CACHE.glob("tmp-*"):  # by a run that was killed
        shutil.rmtree(left)
    hosts = [PYTHON_HOST, YAML_HOST, *([SDK_HOSTS] if sdks else [])]
    try:
        files = pulumi(hosts)
    except SetupError as error:
        print(f"{error}: its own installer tries. Else https://www.pulumi.com/docs/install/ helps, or {NO_GO}.")
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=CACHE) as folder:
            command("downloading pulumi", [PYTHON, "-c", INSTALL, folder], ", once")
            shutil.rmtree(STORE / "bin", ignore_errors=True)
            os.renames(f"{folder}/bin", STORE / "bin")  # which path() knows
        files = pulumi(hosts)
    link(files)  # it can be used while the rest is built
    missing = []
    for name, program, argument, needed, elsewhere in FOR_TESTS if tests else ():
        try:
            link(answering(program, argument, needed) or built(name))
        except SetupError as error:
            if sdks or shutil.which("go"):
                raise
            missing.append(f"{error}, so what needs a real one is skipped: install it ({elsewhere}), or {NO_GO}.")
    link(built("gen-sdks") if sdks else [])
    if missing:
        print(*missing, sep="\n")
    else:
        STAMP.write_text(programs(sdks, tests))


def link(files: list[Path]) -> None:
    """Each in one step: whoever runs a program at that moment finds the old one or the new one."""
    BIN.mkdir(parents=True, exist_ok=True)
    for file in files:
        (MADE / "link").unlink(missing_ok=True)
        (MADE / "link").symlink_to(file)
        (MADE / "link").replace(BIN / file.name)
