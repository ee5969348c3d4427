"""`python -m spotify_ai_pipeline.defs.automation.run_worker JOB`: a job in a process of its own that tells of itself.

For programs that must stay quick and small while a job runs. Lines: ``{"step", "kind", "message"}`` as ``run_job`` tells,
and a last one ``{"success", "error", "run_id"}``.
"""

import json
import sys

from spotify_ai_pipeline.defs.automation.handover import run_job
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage.workspace import Workspace


def main(job: str) -> int:
    def tell(**line: object) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    try:
        result = run_job(Workspace.open(), job, lambda step, kind, message: tell(step=step, kind=kind, message=message))
    except ExpectedError as error:
        tell(success=False, error=str(error), run_id="")
        return 1
    tell(success=result.success, error=result.error, run_id=result.run_id)
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
