"""The ground floor: every tunable and secret as one typed, frozen tree.

Values come from ``config/config.yaml``, then from ``config.yaml`` in the data root (one listener's own), then from
overrides that the listener set on the command line. Secrets come from the environment or ``.env`` alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.paths import CONFIG_FILE, DATA, DEMOS, ENV_FILE, LISTENERS, PROJECT_ROOT

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=10)]
Days = Annotated[int, Field(ge=1, le=365)]


class SettingsError(UserError):
    """A setting that cannot be taken: says which key, where, and what is allowed."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _is_zone(name: str) -> bool:
    """Tells whether the time zone is one of ``available_timezones``, which opens 600 files to tell."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name.split("/")[0] not in ("posix", "posixrules", "right")


class Listener(_Section):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    timezone: str

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if not _is_zone(value):
            near = get_close_matches(value, sorted(available_timezones()), 1)
            raise ValueError("an IANA time zone" + (f"; did you mean {near[0]}?" if near else ", e.g. Europe/Lisbon"))
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Spotify(_Section):
    playlist_name: str = Field(min_length=1, max_length=100)
    snapshot_prefix: str = Field(min_length=1, max_length=80)
    adventure_name: str = Field(min_length=1, max_length=100)
    best_playlist: str
    redirect_uri: str = Field(pattern=r"^(https://|http://127\.0\.0\.1[:/]|http://\[::1\][:/])")


class Playlist(_Section):
    target: Literal["auto", "spotify", "listenbrainz", "file"] = "auto"
    folder: str = ""
    target_size: int = Field(ge=10, le=500)
    core_fraction: Share
    exploration_fraction: Share
    discovery_fraction: Share
    adventurousness: int = Field(ge=0, le=10)
    max_change_per_refresh: Share
    max_change_per_week: Share
    min_artist_spacing: int = Field(ge=0, le=20)
    snapshot_interval_days: Days

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.core_fraction + self.exploration_fraction + self.discovery_fraction
        if abs(total - 1) > 1e-6:
            raise ValueError(f"core, exploration and discovery fractions that sum to 1, not to {total:g}")
        return self


class Adventure(_Section):
    enabled: bool
    target_size: int = Field(ge=10, le=500)
    dial: int = Field(ge=0, le=10)


class Cycling(_Section):
    aggressiveness: int = Field(ge=1, le=10)
    staleness_lambda: Share
    staleness_window_days: Days
    cooldown_days: Days
    dormant_days: Days
    min_plays_for_staleness: int = Field(ge=1, le=100)
    blacklist_threshold: int = Field(ge=1, le=50)


class Scoring(_Section):
    taste_weight: Weight
    mood_weight: Weight
    freshness_weight: Weight
    exploration_noise: Share


class Mood(_Section):
    window_size: int = Field(ge=1, le=200)
    decay_rate: Share
    session_decay: Share
    habit_weight: Weight
    said_weight: Weight
    visit_change: Share


class DiscoverySources(_Section):
    spotify_recs: bool
    lastfm_similar: bool
    lastfm_artists: bool
    lastfm_friends: bool
    lastfm_stations: bool
    listenbrain: bool
    listenbrainz_exploration: bool
    listenbrainz_radio: bool
    reccobeats: bool
    new_releases: bool
    files: bool


class Discovery(_Section):
    candidates_per_refresh: int = Field(ge=1, le=500)
    trial_listens_before_decision: int = Field(ge=1, le=20)
    trial_days: Days
    calls_per_source: int = Field(ge=0, le=1000)
    searches_per_run: int = Field(ge=0, le=1000)
    bandit: Literal["thompson", "epsilon_greedy"]
    epsilon: Share
    approve_to: str = Field(min_length=1, max_length=100)
    sources: DiscoverySources


class TasteModel(_Section):
    retrain_interval_days: Days


class Clustering(_Section):
    min_cluster_size: int = Field(ge=2, le=1000)
    min_samples: int = Field(ge=1, le=100)
    recluster_interval_days: Days
    playlists: int = Field(ge=0, le=100)


class Claude(_Section):
    enabled: bool
    moods: bool
    lists: bool
    cluster_names: bool
    lines: bool
    model: str = Field(min_length=1)
    input_usd_per_million: float = Field(ge=0, le=1_000)
    output_usd_per_million: float = Field(ge=0, le=1_000)
    monthly_budget_usd: float = Field(ge=0, le=10_000)


class Features(_Section):
    tag_dimensions: int = Field(ge=2, le=256)
    lyrics_dimensions: int = Field(ge=1, le=384)
    clap_dimensions: int = Field(ge=1, le=512)
    audio_weight: Weight
    tags_weight: Weight
    artist_weight: Weight
    lyrics_weight: Weight
    clap_weight: Weight
    refit_growth: float = Field(ge=0.01, le=1)
    audio_providers: list[Literal["spotify", "reccobeats", "files", "deezer", "itunes"]]
    tag_providers: list[Literal["listenbrainz", "lastfm"]]
    lyrics_providers: list[Literal["lrclib"]]
    ears_providers: list[Literal["files", "deezer", "itunes"]]
    clap_providers: list[Literal["files", "deezer", "itunes"]]
    audio_folder: str
    clap_model: str = Field(min_length=1)
    clap_batch_size: int = Field(ge=1, le=256)
    tag_songs_per_run: int = Field(ge=0, le=100_000)
    lyrics_songs_per_run: int = Field(ge=0, le=100_000)
    sound_songs_per_run: int = Field(ge=0, le=100_000)
    sound_seconds: float = Field(ge=1, le=600)
    ask_again_days: Days


class Identity(_Section):
    plays_of_a_library_song: int = Field(ge=1, le=100)
    labs_songs_per_run: int = Field(ge=0, le=1_000_000)
    searches_per_run: int = Field(ge=0, le=10_000)
    searches_per_day: int = Field(ge=0, le=10_000)
    ask_again_days: Days


class Suggestion(_Section):
    """Something that is said unasked."""

    enabled: bool
    per_day: int = Field(ge=1, le=50)
    per_week: int = Field(ge=1, le=350)


class CandidateSuggestion(Suggestion):
    one_in: int = Field(ge=1, le=1_000)


class MoodShiftSuggestion(Suggestion):
    false_alarms: float = Field(ge=0.001, le=0.2)


class FriendSuggestion(Suggestion):
    one_in: int = Field(ge=1, le=1_000)
    look_ups_per_day: int = Field(ge=0, le=500)
    calls_per_tick: int = Field(ge=1, le=50)


class Proactive(_Section):
    quiet_from: int = Field(ge=0, le=23)
    quiet_until: int = Field(ge=0, le=23)
    per_week: int = Field(ge=1, le=350)
    webhook: Literal["json", "ntfy", "gotify"]
    candidate: CandidateSuggestion
    mood_shift: MoodShiftSuggestion
    sign_in: Suggestion
    silent_source: Suggestion
    score_card: Suggestion
    friend: FriendSuggestion
    not_me: Suggestion


class Scrobbles(_Section):
    overlap_days: int = Field(ge=0, le=60)


class Service(_Section):
    url: str = Field(pattern=r"^https?://.+/$")
    timeout_seconds: float = Field(ge=1, le=300)
    calls_per_second: float = Field(ge=0.1, le=10_000)
    calls_per_day: int = Field(ge=1, le=1_000_000)

    @property
    def budgets(self) -> dict[str, int]:
        """Calls a day by kind; a service that is only read has one budget."""
        return {"read": self.calls_per_day, "write": self.calls_per_day}


class WrittenService(Service):
    """A service on which calls also change something: they have a budget of their own."""

    writes_per_day: int = Field(ge=1, le=1_000_000)

    @property
    def budgets(self) -> dict[str, int]:
        return {"read": self.calls_per_day, "write": self.writes_per_day}


class Services(_Section):
    spotify: WrittenService
    spotify_accounts: Service
    lastfm: Service
    lastfm_stations: Service
    listenbrainz: Service
    listenbrainz_labs: Service
    reccobeats: Service
    lrclib: Service
    deezer: Service
    itunes: Service
    anthropic: Service
    telegram: Service
    webhook: Service


class Secrets(BaseModel):
    """Keys and tokens, from the environment or ``.env``. Shown nowhere: ``SecretStr`` prints as asterisks."""

    spotify_client_id: str = ""
    spotify_client_secret: SecretStr = SecretStr("")
    lastfm_api_key: SecretStr = SecretStr("")
    lastfm_user: str = ""
    listenbrainz_token: SecretStr = SecretStr("")
    listenbrainz_user: str = ""
    anthropic_api_key: SecretStr = SecretStr("")
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_user_id: str = ""
    webhook_url: SecretStr = SecretStr("")
    webhook_token: SecretStr = SecretStr("")

    @property
    def can_be_told(self) -> bool:
        """Tells whether a bot or a webhook takes what is said unasked."""
        return bool(self.telegram_bot_token.get_secret_value() or self.webhook_url.get_secret_value())

    @property
    def has_spotify(self) -> bool:
        return bool(self.spotify_client_id)

    @property
    def has_lastfm(self) -> bool:
        return bool(self.lastfm_user and self.lastfm_api_key.get_secret_value())

    @property
    def has_listenbrainz(self) -> bool:
        return bool(self.listenbrainz_user)


class Settings(_Section):
    listener: Listener
    spotify: Spotify
    playlist: Playlist
    adventure: Adventure
    cycling: Cycling
    scoring: Scoring
    mood: Mood
    discovery: Discovery
    taste_model: TasteModel
    clustering: Clustering
    claude: Claude
    features: Features
    proactive: Proactive
    identity: Identity
    scrobbles: Scrobbles
    services: Services

    @cached_property
    def flat(self) -> dict[str, object]:
        """Every value by its dotted key, in the order of the file."""
        return dict(_flatten(self.model_dump()))


RETIRED = (
    "scoring.half_life_days",
    "scoring.resurfacing_decay",
    "taste_model.model_type",
    "proactive.candidate.least_chance",
    "proactive.friend.least_match",
)
"""Keys of earlier versions that move nothing any more: they are passed over, so that an older home still opens."""


def load(config_files: list[Path], overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings that ``config_files`` (later ones win) and ``overrides`` by dotted key make.

    Raises ``SettingsError`` with the key's path, the file, and what is allowed.
    """
    tree: dict[str, Any] = {}
    for file in config_files:
        _merge(tree, _read(file))
    for key, value in (overrides or {}).items():
        _merge(tree, _nest(key, value))
    for retired in RETIRED:
        *sections, key = retired.split(".")
        node: Any = tree
        for section in sections:
            node = node.get(section) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node.pop(key, None)
    where = ", ".join(map(str, config_files)) + (" or an override" if overrides else "")
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(_explain(error, where)) from None


def load_secrets(*env_files: Path) -> Secrets:
    """Secrets from the environment, else from ``env_files`` (later ones win)."""
    return _secrets([*map(dotenv_values, env_files), os.environ])


def own_secrets(env_file: Path) -> Secrets:
    """The secrets in ``env_file`` alone: what it lacks is empty, so that nobody reads as somebody else."""
    return _secrets([dotenv_values(env_file)])


def _secrets(said: Iterable[Mapping[str, str | None]]) -> Secrets:
    """Gives what ``said`` holds (later ones win) under the names of the fields, in capitals or not."""
    known = {name.lower(): value for one in said for name, value in one.items() if value is not None}
    return Secrets.model_validate({name: known[name] for name in Secrets.model_fields if name in known})


def config_files(data_root: Path) -> list[Path]:
    """The configuration files that apply to ``data_root``, the most general first."""
    general = Path(os.environ.get("SPOTIFY_AI_CONFIG", PROJECT_ROOT / "config" / CONFIG_FILE))
    own = data_root / CONFIG_FILE
    return [general, own] if own.exists() else [general]


def data_root() -> Path:
    """The folder where everything is kept: ``SPOTIFY_AI_DATA``, else ``DATA``, or the last demo until an account is connected."""
    root = _named_root()
    last_demo = demos() / "last"
    if not last_demo.exists():
        return root
    secrets = load_secrets(ENV_FILE, root / ".env")
    connected = secrets.has_spotify or secrets.has_lastfm or secrets.has_listenbrainz
    return root if connected else demos() / last_demo.read_text().strip()


def demos() -> Path:
    """A data root for each world that was tried; the file ``last`` names the one tried last."""
    return _named_root() / DEMOS.name


def _named_root() -> Path:
    return Path(os.environ.get("SPOTIFY_AI_DATA") or DATA).absolute()


def listeners_folder() -> Path:
    """The folder of the data roots of several listeners: below ``SPOTIFY_AI_DATA``, else below ``DATA``."""
    root = _named_root()
    return root.parent if root.parent.name == LISTENERS else root / LISTENERS


def _read(file: Path) -> dict[str, Any]:
    try:
        tree = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)  # safe, and ten times as fast
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); it holds the settings") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{file}{line}: not valid YAML; check indentation and quotes") from None
    if not isinstance(tree, dict):
        raise SettingsError(f"{file}: holds no settings; it must be a tree of keys such as playlist: target_size: 100")
    return cast(dict[str, Any], tree)


def _merge(tree: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], cast(dict[str, Any], value))
        else:
            tree[key] = value


def _nest(key: str, value: object) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return cast(dict[str, Any], value)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in tree.items():
        rows += (
            _flatten(cast(dict[str, Any], value), f"{prefix}{key}.")
            if isinstance(value, dict)
            else [(prefix + key, value)]
        )
    return rows


def _explain(error: ValidationError, where: str) -> str:
    lines = []
    for item in error.errors():
        key = ".".join(map(str, item["loc"])) or "playlist"
        if item["type"] == "extra_forbidden":
            known = _known_keys(item["loc"][:-1])
            near = get_close_matches(str(item["loc"][-1]), known, 1)
            lines.append(
                f"{key}: unknown key; " + (f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}")
            )
        elif item["type"] == "missing":
            lines.append(f"{key}: missing; see {PROJECT_ROOT / 'config' / CONFIG_FILE} for its meaning and range")
        else:
            wanted = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            lines.append(f"{key}: {item['input']!r} is refused; allowed: {wanted}")
    return f"{where}: " + "; ".join(lines)


def _known_keys(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        model = cast(type[BaseModel], model.model_fields[str(part)].annotation)
    return list(model.model_fields)
