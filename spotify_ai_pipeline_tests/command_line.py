"""The command line in this process, as a person and as a script use it."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from spotify_ai_pipeline.interfaces.cli import main


def run(*args: str) -> Result:
    """Gives what ``spotify-ai ARGS`` prints and ends with; never a traceback."""
    result = CliRunner().invoke(main, args)
    assert "Traceback" not in result.output
    return result


def data(*args: str) -> Any:
    """Gives what it tells a script with ``--json``."""
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)
