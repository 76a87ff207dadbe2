"""The command line's door: parses words, calls one function, says in two lines what went wrong."""

import gc
import logging
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from clauseproof.model.errors import ClauseproofError

app = typer.Typer(
    name="clauseproof",
    help="Does the vendor keep the contract? Tries each promise against the actual deployment, clause by clause.",
    epilog="Start here: clauseproof demo. A contradicted promise of tier 1 or 2 exits with 1, an undecided one with 6.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="the folder of a recorded run")]
ProfilePath = Annotated[Path, typer.Argument(metavar="PROFILE", help="a vendor deployment, YAML")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="where to write (default: under reports/)")]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="PEM", help="sign with this key, not the one of clauseproof")
]
OwnChecks = Annotated[
    Path | None, typer.Option("--checks", metavar="DIR", help="your own check files; a run brings none")
]

_NEW_OBJECTS = 10_000
"""So many before Python looks for circles among them; its own 700 costs a run a tenth of its time, and finds few."""


def main() -> NoReturn:
    """Run the command line; the exit code is described in docs/architecture.md."""
    signal.signal(signal.SIGTERM, _interrupt)
    gc.set_threshold(_NEW_OBJECTS)
    debug = "--debug" in sys.argv
    try:
        sys.exit(app(standalone_mode=True))
    except ClauseproofError as error:
        if debug:
            raise
        from clauseproof.reporting.text import visible

        sys.stderr.write(visible(f"clauseproof: {error.what}\n"))
        if error.what_to_do:
            sys.stderr.write(visible(f"{error.what_to_do}\n"))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("clauseproof: interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    finally:
        gc.freeze()  # the process ends here, and would first search everything it made for garbage


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@app.callback()
def _common(
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks and what the engine does")] = False,
    version: Annotated[bool, typer.Option("--version", help="print the version and exit")] = False,
) -> None:
    if version:
        import clauseproof

        typer.echo(clauseproof.__version__)
        raise typer.Exit
    if debug:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)  # below that, botocore writes down session tokens


@app.command()
def run(
    profiles: Annotated[list[Path], typer.Argument(metavar="PROFILE...", help="vendor deployments, YAML")],
    out: Out = None,
    drills: Annotated[bool, typer.Option("--drills", help="also run drills: they change state and restore it")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="CLAUSE|CLAIM", help="nothing but these")] = None,
    vantage: Annotated[str, typer.Option("--vantage", metavar="NAME", help="name of the place we look from")] = "local",
    operator: Annotated[str | None, typer.Option("--operator", help="who runs this, for the record")] = None,
    key: Key = None,
    at_once: Annotated[
        int | None,
        typer.Option("--connections-per-address", metavar="N", help="open at the same time (default: 6)"),
    ] = None,
    per_second: Annotated[
        int | None,
        typer.Option(
            "--connections-per-second",
            metavar="N",
            help="begun to one address (default: 10; a permitted scan: as fast as five at once go)",
        ),
    ] = None,
) -> None:
    """Try every promise of a profile, judge, sign and report."""
    from clauseproof.doors.commands import run_profiles
    from clauseproof.doors.session import Wishes
    from clauseproof.model.pace import Pace

    wishes = Wishes(out, drills, tuple(only or ()), vantage, operator, key, Pace(at_once, per_second))
    raise typer.Exit(run_profiles(profiles, wishes))


@app.command()
def judge(
    folder: RunFolder,
    profile: Annotated[Path | None, typer.Option("--profile", metavar="PROFILE", help="another contract")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="DATE", help="as if it were that day, 12:00 UTC")] = None,
    jurisdictions: Annotated[
        Path | None, typer.Option("--jurisdictions", metavar="FILE", help="other countries")
    ] = None,
    own: OwnChecks = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="also write a signed run there")] = None,
    key: Key = None,
) -> None:
    """Judge a recorded run again, without a look: another contract, date or jurisdiction file."""
    from clauseproof.doors.assembly import Again
    from clauseproof.doors.commands import judge_again

    raise typer.Exit(judge_again(folder, Again(profile, jurisdictions, own), at=at, out=out, key=key))


@app.command()
def verify(
    folder: RunFolder,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PEM", help="the public key that must have signed")
    ] = None,
    own: OwnChecks = None,
    newest: Annotated[bool, typer.Option("--newest", help="no later run of the profile may lie beside it")] = False,
) -> None:
    """Check integrity, signature and replay of a run, and say which trust was reached."""
    from clauseproof.doors.commands import verify_run

    raise typer.Exit(verify_run(folder, key, own, newest=newest))


@app.command()
def restore() -> None:
    """Take back every change that a killed drill left behind, or that a drill left to a later run."""
    from clauseproof.doors.commands import restore_drills

    raise typer.Exit(restore_drills())


@app.command()
def report(
    folder: RunFolder,
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="html, junit or csv")] = "html",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="a file (default: standard output)")] = None,
) -> None:
    """Render a recorded run in another format."""
    from clauseproof.doors.commands import write_report

    write_report(folder, format, out)


@app.command()
def checks(kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="one claim in full")] = None) -> None:
    """List the claims that a profile can make, or show one in full."""
    from clauseproof.doors.commands import show_checks

    show_checks(kind)


@app.command()
def validate(profile: ProfilePath) -> None:
    """Check a profile, without a look: every error with file, line and column."""
    from clauseproof.doors.commands import validate_profile

    validate_profile(profile)


@app.command()
def coverage(profile: ProfilePath) -> None:
    """Show which promises, and which words of them, nothing verifies."""
    from clauseproof.doors.commands import show_coverage

    show_coverage(profile)


@app.command()
def key() -> None:
    """Print the public key that runs of this installation are signed with, for those who verify them."""
    from clauseproof.doors.commands import show_key

    show_key()


@app.command()
def demo(out: Out = None) -> None:
    """Run the reference vendor on this machine: once keeping its word, once overclaiming."""
    from clauseproof.doors.demo import run_demo

    raise typer.Exit(run_demo(out))


if __name__ == "__main__":
    main()
