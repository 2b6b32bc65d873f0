"""The kfast command, one file a subcommand, each imported only when it runs."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "bench": "measure an API server or the scheduler",
    "demo": "a cluster from nothing to a rolled-out shop, timed step by step",
    "kubeconfig": "print the kubeconfig of a data directory",
    "scheduler": "run the scheduler; explain where a pod fits; decide about scenarios",
    "up": "run a cluster in the foreground",
    "version": "print the versions of kfast and of the API it serves",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"kfast.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Kubernetes in one pip-installable wheel."""
