"""One module a page, each with a function ``page`` that draws it; their order, titles and icons."""

from __future__ import annotations

from spotify_ai_pipeline.interfaces.dashboard.sections import (
    coverage,
    discovery,
    health,
    listening,
    mix,
    model,
    music_map,
    questions,
    rotation,
)

PAGES = (
    (mix.page, "Mix", "queue_music"),
    (questions.page, "Questions", "thumbs_up_down"),
    (music_map.page, "Map", "map"),
    (listening.page, "Listening", "insights"),
    (rotation.page, "Rotation", "autorenew"),
    (discovery.page, "Discovery", "explore"),
    (model.page, "Model", "psychology"),
    (coverage.page, "Coverage", "grid_on"),
    (health.page, "Health", "monitor_heart"),
)
"""What draws it, title, icon (Material Symbols); the first is where one arrives."""
