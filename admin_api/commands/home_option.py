"""The option that every command about a home takes, and the settings it leads to."""

import argparse
from argparse import Namespace
from pathlib import Path

from admin_api.terminal import text
from core.settings import Settings


def add_home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=_folder, metavar="DIR", help=text("pasta dos dados", "the data folder"))


def settings_from(options: Namespace) -> Settings:
    return Settings.load({"MASTERIA_HOME": str(options.home)} if options.home else None)


def _folder(value: str) -> Path:
    """An empty name, as of a variable that is not set, would be the current folder."""
    if not value.strip():
        raise argparse.ArgumentTypeError(text("está vazia", "is empty"))
    return Path(value).expanduser().absolute()
