"""Settings: complete, typed, and refused in one line that says which key and what is allowed."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotify_ai_pipeline import paths, settings
from spotify_ai_pipeline.settings import PROJECT_ROOT, Secrets, Settings, SettingsError

GENERAL = PROJECT_ROOT / "config" / "config.yaml"


def refusal(key: str, value: object) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load([GENERAL], {key: value})
    said = str(caught.value)
    assert "\n" not in said
    assert key in said
    return said


def test_the_file_has_exactly_the_keys_of_the_model(defaults: Settings) -> None:
    def keys(tree: dict[str, Any], prefix: str = "") -> set[str]:
        return {
            found
            for key, value in tree.items()
            for found in (keys(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key})
        }

    assert keys(yaml.safe_load(GENERAL.read_text())) == set(defaults.flat)


def test_every_key_of_the_file_is_explained() -> None:
    services = GENERAL.read_text().split("\nservices:")[0]
    bare = [
        line
        for line in services.splitlines()
        if line.startswith("  ") and not line.startswith("    ") and "#" not in line and not line.rstrip().endswith(":")
    ]
    assert bare == []


def test_the_tree_cannot_be_changed(defaults: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        defaults.playlist.target_size = 50  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("listener.name", "me/you", "pattern"),
        ("listener.timezone", "Mars/Olympus", "IANA time zone"),
        ("listener.timezone", "posix/Europe/Lisbon", "IANA time zone"),
        ("listener.timezone", "../Europe/Lisbon", "IANA time zone"),
        ("listener.timezone", "Europe", "IANA time zone"),
        ("listener.timezone", "Europe/Lisboa", "did you mean Europe/Lisbon?"),
        ("spotify.playlist_name", "", "at least 1 character"),
        ("spotify.redirect_uri", "http://localhost:8888/callback", "127"),
        ("playlist.target_size", 9, "greater than or equal to 10"),
        ("playlist.target_size", 501, "less than or equal to 500"),
        ("playlist.target_size", "many", "a valid integer"),
        ("playlist.target_size", 50.5, "a valid integer"),
        ("playlist.target_size", None, "a valid integer"),
        ("playlist.target_size", [100], "a valid integer"),
        ("playlist.max_change_per_refresh", 15, "less than or equal to 1"),
        ("playlist.max_change_per_refresh", -0.1, "greater than or equal to 0"),
        ("playlist.min_artist_spacing", 21, "less than or equal to 20"),
        ("cycling.aggressiveness", 0, "greater than or equal to 1"),
        ("scoring.taste_weight", float("nan"), "equal to"),
        ("scoring.taste_weight", float("inf"), "less than or equal to 10"),
        ("playlist.max_change_per_week", 1.5, "less than or equal to 1"),
        ("cycling.dormant_days", 0, "greater than or equal to 1"),
        ("mood.visit_change", -0.1, "greater than or equal to 0"),
        ("mood.window_size", 0, "greater than or equal to 1"),
        ("discovery.sources.lastfm_similar", "maybe", "a valid boolean"),
        ("taste_model.retrain_interval_days", 0, "greater than or equal to 1"),
        ("services.spotify.url", "https://api.spotify.com/v1", "pattern"),
        ("services.lastfm.calls_per_second", 0, "greater than or equal to 0.1"),
        ("mood", 5, "a valid dictionary"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_with_what_is_allowed(key: str, value: object, allowed: str) -> None:
    assert allowed in refusal(key, value)


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("playlist.targt_size", "did you mean target_size?"),
        ("playlst", "did you mean playlist?"),
        ("discovery.sources.lastfm_similiar", "did you mean lastfm_similar?"),
        ("mood.zzz", "allowed: window_size, decay_rate, session_decay, habit_weight, said_weight"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(key: str, near: str) -> None:
    said = refusal(key, 1)
    assert "unknown key" in said
    assert near in said


def test_fractions_must_sum_to_one() -> None:
    assert "sum to 1, not to 1.1" in refusal("playlist", {"core_fraction": 0.8})


def test_several_mistakes_are_one_line(tmp_path: Path) -> None:
    own = tmp_path / "config.yaml"
    own.write_text("mood: {window_size: 0}\nplaylist: {target_size: 5}\n")
    with pytest.raises(SettingsError) as caught:
        settings.load([GENERAL, own])
    said = str(caught.value)
    assert "\n" not in said
    assert "mood.window_size" in said
    assert "playlist.target_size" in said
    assert str(own) in said


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    tree = yaml.safe_load(GENERAL.read_text())
    del tree["mood"]["window_size"]
    own = tmp_path / "config.yaml"
    own.write_text(yaml.safe_dump(tree))
    with pytest.raises(SettingsError, match=r"mood\.window_size: missing"):
        settings.load([own])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"playlist: [1, 2\n", "line 2: not valid YAML"),
        (b"playlist:\n\ttarget_size: 5\n", "line 2: not valid YAML"),
        (b"", "holds no settings"),
        (b"- a\n- b\n", "holds no settings"),
        (b"listener: {name: caf\xe9}\n", "not UTF-8"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    own = tmp_path / "config.yaml"
    own.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        settings.load([GENERAL, own])
    assert str(own) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: cannot be read"):
        settings.load([tmp_path / "nowhere.yaml"])


def test_the_later_wins_key_by_key(tmp_path: Path, defaults: Settings) -> None:
    own = tmp_path / "config.yaml"
    own.write_text("playlist: {target_size: 50}\nmood: {window_size: 5}\n")
    merged = settings.load([GENERAL, own], {"mood.window_size": 7})
    assert merged.playlist.target_size == 50
    assert merged.mood.window_size == 7
    changed = {key for key, value in merged.flat.items() if value != defaults.flat[key]}
    assert changed == {"playlist.target_size", "mood.window_size"}


def test_the_data_roots_own_file_comes_after_the_general_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.config_files(tmp_path) == [GENERAL]
    (tmp_path / "config.yaml").write_text("{}")
    monkeypatch.setenv("SPOTIFY_AI_CONFIG", str(tmp_path / "general.yaml"))
    assert settings.config_files(tmp_path) == [tmp_path / "general.yaml", tmp_path / "config.yaml"]


def test_yes_is_no_number() -> None:
    refusal("playlist.min_artist_spacing", True)


def test_secrets_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SPOTIFY_CLIENT_SECRET=hush-1\nLASTFM_API_KEY=hush-2\n")
    monkeypatch.setenv("LISTENBRAINZ_TOKEN", "hush-3")
    secrets = settings.load_secrets(tmp_path / ".env")
    assert secrets.spotify_client_secret.get_secret_value() == "hush-1"
    assert secrets.listenbrainz_token.get_secret_value() == "hush-3"
    for shown in (repr(secrets), str(secrets), repr(secrets.model_dump()), secrets.model_dump_json()):
        assert "hush" not in shown


def test_the_environment_wins_over_the_file_and_the_later_file_over_the_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("LASTFM_USER=first\nSPOTIFY_CLIENT_ID=first\n")
    two.write_text("LASTFM_USER=second\n")
    monkeypatch.setenv("SPOTIFY_CLIENT_ID", "shell")
    secrets = settings.load_secrets(one, two, tmp_path / "missing")
    assert (secrets.lastfm_user, secrets.spotify_client_id) == ("second", "shell")


@pytest.mark.parametrize(
    ("about", "found"), [('name = "spotify-ai"\n', True), ('name = "other"\n', False), (None, False)]
)
def test_only_a_folder_with_our_pyproject_is_a_checkout(tmp_path: Path, about: str | None, found: bool) -> None:
    if about is not None:
        (tmp_path / "pyproject.toml").write_text(about)
    assert paths.find_checkout(tmp_path / "spotify_ai_pipeline") == (tmp_path if found else None)


def test_the_example_names_every_secret() -> None:
    named = {
        line.split("=")[0].lower() for line in (PROJECT_ROOT / ".env.example").read_text().splitlines() if "=" in line
    }
    assert named == set(Secrets.model_fields)


@pytest.mark.parametrize("key", settings.RETIRED)
def test_a_key_of_an_older_version_is_passed_over(key: str) -> None:
    assert settings.load([GENERAL], {key: 0.5}) == settings.load([GENERAL])


def test_the_last_demo_stands_in_until_an_account_is_named(tmp_path: Path) -> None:
    root = tmp_path / "named"
    os.environ["SPOTIFY_AI_DATA"] = str(root)
    assert settings.data_root() == root
    (root / "demo").mkdir(parents=True)
    (root / "demo" / "last").write_text("default\n")
    assert settings.data_root() == root / "demo" / "default"
    (root / ".env").write_text("LASTFM_USER=me\nLASTFM_API_KEY=key\n")
    assert settings.data_root() == root
