"""The executor of a run's steps: in the run's process, or on Celery workers where the environment names a broker."""

import os

import dagster as dg

BROKER = "SPOTIFY_AI_BROKER"
"""Address of the Redis through which steps go to workers and their events come back (deploy/workers)."""


def executor() -> dg.ExecutorDefinition:
    if BROKER not in os.environ:
        return dg.in_process_executor
    from dagster_celery import celery_executor  # pyright: ignore[reportMissingImports]  # the extra `workers`

    return celery_executor.configured({"broker": {"env": BROKER}, "backend": {"env": BROKER}}, name="workers")
