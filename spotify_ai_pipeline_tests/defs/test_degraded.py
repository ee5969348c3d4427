"""Trouble that passes by itself is told apart from trouble that only the listener can mend."""

from types import SimpleNamespace
from typing import Any, cast

from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.defs.degraded import DEFERRED, STOPPED, report_degraded
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import Refused, UserError
from spotify_ai_pipeline.storage import alerts


def test_each_kind_of_trouble_has_its_key_its_tag_and_its_alert(tmp_path):
    workspace, tags = WorkspaceResource(root=str(tmp_path)), {}
    context = cast(
        Any,
        SimpleNamespace(
            asset_key=SimpleNamespace(path=["tags"]),
            log=SimpleNamespace(warning=lambda _: None),
            instance=SimpleNamespace(add_run_tags=lambda _, new: tags.update(new)),
            run_id="run",
        ),
    )

    def report(trouble):
        tags.clear()
        return (
            report_degraded(context, workspace, trouble),
            dict(tags),
            {alert.name for alert in alerts.open_alerts(workspace.state)},
        )

    pause = Deferred("lastfm", 86_400.0, "the day's budget is used up")
    assert report(pause) == ({"deferred": str(pause)}, {DEFERRED: "lastfm"}, {"deferred tags"})
    assert report(UserError("fill in .env")) == ({"stopped": "fill in .env"}, {STOPPED: "tags"}, {"stopped tags"})
    assert report(Refused("no")) == ({"stopped": "no"}, {STOPPED: "tags"}, {"stopped tags"})
    assert report(pause) == ({"deferred": str(pause)}, {DEFERRED: "lastfm"}, {"deferred tags"})
    assert report(None) == ({}, {}, set())
