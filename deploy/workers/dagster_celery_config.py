"""What a worker is told; found by `celery --app dagster_celery.app worker` where this folder is on PYTHONPATH."""

import os

broker_url = result_backend = os.environ["SPOTIFY_AI_BROKER"]
worker_prefetch_multiplier = 1  # steps last from a second to minutes: none waits behind another worker's long one
broker_transport_options = {"visibility_timeout": 6 * 3600}  # longer than any step: none is handed out twice
