"""Prints requirements, one a line: `python tools/requirements.py [extra...]`; without extras what the project needs at
run time, for its tests and to check its schema data."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
wanted = [extras[name] for name in sys.argv[1:]] or [project["dependencies"], extras["test"], extras["schema"]]
print("\n".join(requirement for group in wanted for requirement in group))
