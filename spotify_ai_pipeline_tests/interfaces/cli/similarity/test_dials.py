"""A dial's effect before it is taken: what it would bring and take; trying it changes nothing."""

from collections.abc import Callable

from click.testing import Result

from spotify_ai_pipeline.interfaces.views import dials
from spotify_ai_pipeline.storage.workspace import Workspace

Cli = Callable[..., Result]


def test_a_dial_shows_songs_that_come_and_go_before_it_is_taken(workspace: Workspace, cli: Cli) -> None:
    effect = dials.preview(workspace, "playlist.target_size", 10)
    assert effect is not None
    assert effect.come or effect.go
    many = dials.Effect([f"{n}" for n in range(9)], ["x"])
    assert many.lines == ["+ 0", "+ 1", "+ 2", "+ 3", "+ 4", "− x", "… 9 come and 1 go in all"]
    assert dials.Effect([], []).lines == ["the next refresh would bring the same songs"]
    assert workspace.settings.playlist.target_size != 10
    assert Workspace.open(workspace.root).settings.playlist.target_size != 10
    before = workspace.settings.cycling.aggressiveness
    said = cli("cycling", 9).output
    assert said.startswith("with cycling.aggressiveness at 9:")
    assert f"cycling 9 of 10 (was {before})" in said
    assert "with scoring.exploration_noise" in cli("config", "set", "scoring.exploration_noise", "0.4").output
    assert "with" not in cli("config", "set", "clustering.min_cluster_size", "9").output
    assert "with" not in cli("adventure", "dial", 9).output, "the second list is off: nothing moves"
    cli("adventure", "on")
    assert cli("adventure", "dial", 2).output.startswith("with adventure.dial at 2:")
    keys = ("adventure.dial", "adventure.enabled")
    assert all(cli("config", "unset", key).exit_code == 0 for key in keys)
    for key in ("cycling.aggressiveness", "scoring.exploration_noise", "clustering.min_cluster_size"):
        assert cli("config", "unset", key).exit_code == 0


def test_a_setting_that_moves_no_list_has_no_effect_to_show(workspace: Workspace) -> None:
    assert dials.preview(workspace, "clustering.min_cluster_size", 9) is None
