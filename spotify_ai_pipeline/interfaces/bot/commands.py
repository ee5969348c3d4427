"""The actions of each command and each button, except the answers to questions (see ``questions``)."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from zlib import crc32

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import managed_playlists, mood_requests, notification_policy, previews, standing_taste
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.bot import jobs, questions, suspects, templates
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, Chat, button, links
from spotify_ai_pipeline.interfaces.views import dials, mix_view, wording
from spotify_ai_pipeline.interfaces.views.dials import CYCLING, turn_cycling
from spotify_ai_pipeline.interfaces.views.listening import summarize_listening
from spotify_ai_pipeline.interfaces.views.why import explain_song
from spotify_ai_pipeline.music.mood.lexicon import LEXICON
from spotify_ai_pipeline.storage import moods, notification_outbox, playlists, queue, taste_rules
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

USUAL_PAUSE = DAY
MANY = 1_000_000
"""A song that the listener asks for always has room in the queue."""


class Commands:
    """The commands of one listener. ``root`` is opened anew for each: settings may have changed since the last one."""

    def __init__(self, root: Path, chat: Chat) -> None:
        self.root, self.chat = root, chat
        self._busy: str | None = None

    @property
    def workspace(self) -> Workspace:
        return Workspace.open(self.root)

    async def help(self, _: str) -> None:
        await self.chat.send(f"I keep your AI Mix fresh, and ask about songs one at a time.\n\n{templates.HELP}")

    start = help

    async def next(self, _: str) -> None:
        await questions.ask_next(self.workspace, self.chat)

    async def refresh(self, _: str) -> None:
        workspace = self.workspace
        ended = await self._run("refresh_the_mix", "Refreshing")
        if ended is None:
            return
        last = playlists.refreshes(workspace.state, MIX, 1)
        mix = await asyncio.to_thread(mix_view.mix_as_data, workspace)
        title = managed_playlists.named(workspace.settings).title
        told = templates.change(mix, title, last[0].outcome if last else "not written yet")
        row = links("▶ open", mix["playlist"])
        if mix["added"] and last and last[0].before:
            row.append(button("↩ undo", "b", last[0].refresh_id))
        await self.chat.edit(ended.message_id, told, [row] if row else ())

    async def discover(self, _: str) -> None:
        before = {one.item_id for one in queue.items(self.workspace.state, kind=queue.DISCOVERY)}
        ended = await self._run("discover", "Looking for new songs")
        if ended is None:
            return
        waiting = queue.items(self.workspace.state, kind=queue.DISCOVERY)
        new = [one for one in waiting if one.item_id not in before]
        lines = [f"<b>{len(new)} new songs</b>, {len(waiting)} wait or are on trial"]
        lines += [
            f"{templates.song(one.artist, one.title)} <i>{templates.text(wording.why_asked(one))}</i>"
            for one in new[:10]
        ]
        await self.chat.edit(ended.message_id, templates.fitted(lines), [[button("ask me", "n")]] if waiting else ())

    async def mood(self, text: str) -> None:
        if not text:
            lines = await asyncio.to_thread(wording.describe_mood, self.workspace)
            await self.chat.send(templates.fitted(map(templates.text, lines)))
            return
        try:
            asked = await asyncio.to_thread(mood_requests.ask_for, self.workspace, text)
        except mood_requests.NotUnderstood as error:
            row = [button(mood, "o", mood) for mood in error.nearest]
            await self.chat.send(f"I do not understand {templates.text(repr(text))}. Did you mean one of these?", [row])
            return
        await self.chat.send(templates.mood(self.workspace, asked), templates.mood_buttons(asked))

    async def _nudge_mood(self, message_id: int, letter: str) -> str:
        """Moves the mood in force towards what a button says."""
        word = wording.NUDGES[letter]
        asked = await asyncio.to_thread(mood_requests.correct, self.workspace, word)
        await self.chat.edit(message_id, templates.mood(self.workspace, asked), templates.mood_buttons(asked))
        return f"more {word}"

    async def _correct_tag(self, message_id: int, place: int, less: bool) -> str:
        """Moves the mood in force towards one of its tags, or away from it."""
        workspace = self.workspace
        said = moods.in_force(workspace.state, clock.now())
        tags = list(mood_requests.wish_of(said, mood_requests.fitted(workspace)).tags) if said else []
        if place >= len(tags):
            return "this mood is over"
        asked = await asyncio.to_thread(mood_requests.correct, workspace, tags[place], less)
        await self.chat.edit(message_id, templates.mood(workspace, asked), templates.mood_buttons(asked))
        return f"{'less' if less else 'more'} like {tags[place]}"

    async def taste(self, text: str) -> None:
        """Takes what the listener says once and for long; without words what was said, and what the program believes of
        them."""
        workspace = self.workspace
        if text:
            found = await asyncio.to_thread(standing_taste.propose, workspace, text)
            row = [button("✓ yes, from now on", "ty", found.rule_id), button("✗ no", "tn", found.rule_id)]
            await self.chat.send(templates.taste_understood(found), [row])
            return
        await self.chat.send(*await asyncio.to_thread(self._taste_page))

    def _taste_page(self) -> tuple[str, Buttons]:
        workspace = self.workspace
        rules = taste_rules.in_force(workspace.state, clock.now())
        believed = standing_taste.beliefs(workspace)
        said = [standing_taste.describe(workspace, one) for one in rules]
        off = [button(f"✗ {number}. off", "to", one.rule_id) for number, one in enumerate(rules, 1)]
        denials = [button(f"{number}. not so", "tb", _short(one)) for number, one in enumerate(believed, 1)]
        rows = [row[place : place + 3] for row in (off, denials) for place in range(0, len(row), 3)]
        return templates.taste_page(said, believed), rows

    async def _deny_belief(self, message_id: int, short: str) -> str:
        """Denies the belief whose button it is; beliefs may have changed since."""
        workspace = self.workspace
        believed = await asyncio.to_thread(standing_taste.beliefs, workspace)
        found = next((one for one in believed if _short(one) == short), None)
        if found is None:
            return "I believe that no more"
        await asyncio.to_thread(standing_taste.deny, workspace, found)
        await self.chat.edit(message_id, *await asyncio.to_thread(self._taste_page))
        return f"not so: {found.denial}"

    async def _settle_rule(self, message_id: int, rule_id: int, agreed: bool) -> str:
        """Takes the answer to what was understood of a standing wish."""
        state = self.workspace.state
        changed = (taste_rules.agree if agreed else taste_rules.end)(state, rule_id)
        kept = taste_rules.find(state, rule_id)
        if kept is None:
            await self.chat.take_buttons(message_id)
            return "this is gone"
        counts = kept.agreed_at is not None and kept.ended_at is None
        told = "it counts from the next refresh on; /taste lists and ends it" if counts else "it does not count"
        sentence = await asyncio.to_thread(standing_taste.describe, self.workspace, kept)
        await self.chat.edit(message_id, f"{templates.text(sentence)}\n{told}")
        return ("agreed" if agreed else "dropped") if changed else "settled already"

    async def cycling(self, text: str) -> None:
        if text and not re.fullmatch(r"10|[1-9]", text):
            raise UserError(
                f"{text}: give a number from 1 (songs stay long) to 10 (songs leave soon), or none to see the present one"
            )
        workspace = self.workspace
        now = turn_cycling(workspace, None)[1]
        effect = await asyncio.to_thread(dials.preview, workspace, CYCLING, int(text)) if text else None
        if not text:
            await self.chat.send(templates.text(now))
        elif effect is None:
            await self.chat.send(templates.text(turn_cycling(workspace, int(text))[1]))
        else:
            lines = [f"cycling at <b>{text}</b> would do this at the next refresh:", *map(templates.text, effect.lines)]
            row = [button(f"✓ set it to {text}", "d", text), button("✗ leave it", "dn")]
            await self.chat.send(templates.fitted([*lines, f"<i>{templates.text(now)}</i>"]), [row])

    async def notme(self, _: str) -> None:
        await suspects.ask_all(self.workspace, self.chat)

    async def stats(self, _: str) -> None:
        await self.chat.send(templates.stats(await asyncio.to_thread(summarize_listening, self.workspace)))

    async def playlist(self, _: str) -> None:
        workspace = self.workspace
        known, title = playlists.written(workspace.state, MIX), managed_playlists.named(workspace.settings).title
        if known is None:
            await self.chat.send(f"{templates.text(title)} was not made yet; /refresh makes it.")
            return
        written = wording.when(workspace, known.written_at)
        told = f"<b>{templates.text(title)}</b>: {len(known.track_ids)} songs, written {written}"
        await self.chat.send(told, [links("▶ open", mix_view.playlist_link(workspace))])

    async def snapshot(self, _: str) -> None:
        workspace = self.workspace
        made = await asyncio.to_thread(
            lambda: managed_playlists.take_snapshot(workspace, open_target(workspace), managed_playlists.ASKED_FOR)
        )
        row = [links("▶ open", mix_view.playlist_link(workspace, made.written_as))]
        await self.chat.send(f"❄ <b>{templates.text(made.name)}</b>: {len(made.track_ids)} songs", row)

    async def why(self, text: str) -> None:
        if not text:
            raise UserError("say which song: /why and a part of its title")
        await self.chat.send(templates.why(await asyncio.to_thread(explain_song, self.workspace, text)))

    async def undo(self, _: str) -> None:
        """Offers what can be taken back, so that the listener chooses."""
        workspace = self.workspace
        rows, lines = [], []
        if (answer := queue.last_answer(workspace.state)) is not None:
            lines.append(f"answer: {templates.song(answer.artist, answer.title)} ({templates.text(answer.status)})")
            rows.append([button("↩ the answer", "u", answer.item_id)])
        last = playlists.last_change(workspace.state)
        if last is not None and last.before and last.undone_at is None:
            lines.append(f"refresh of {wording.when(workspace, last.refreshed_at)}: +{last.added} −{last.removed}")
            rows.append([button("↩ the refresh", "b", last.refresh_id)])
        await self.chat.send("\n".join(["Take back:", *lines]) if rows else "There is nothing to take back.", rows)

    async def pause(self, text: str) -> None:
        workspace = self.workspace
        if text in ("off", "end", "stop"):
            notification_policy.pause(workspace, None)
            await self.chat.send("I speak up again when there is something to say.")
            return
        seconds = wording.seconds_of(text) if text else USUAL_PAUSE
        if seconds is None:
            raise UserError(f"{text}: give a time such as 3h or 2d (30d at most), or off")
        until = notification_policy.pause(workspace, seconds) or 0.0
        await self.chat.send(
            f"Quiet until {wording.when(workspace, until)}: I send no notifications. Refreshes go on; /pause off ends this."
        )

    async def press(self, message_id: int, data: str) -> str:
        """Does what a button means, and gives the word that pops up."""
        match data.split(":"):
            case ["n"]:
                await self.chat.take_buttons(message_id)
                await self.next("")
                return ""
            case ["r"]:
                await self.chat.take_buttons(message_id)
                await self.refresh("")
                return ""
            case ["u", item] if item.isdecimal():
                return await self._undo_answer(message_id, int(item))
            case ["b", refresh] if refresh.isdecimal():
                return await self._undo_refresh(message_id, int(refresh))
            case ["o", mood] if mood in LEXICON:
                await self.chat.take_buttons(message_id)
                await self.mood(mood)
                return mood
            case ["c", letter] if letter in wording.NUDGES:
                return await self._nudge_mood(message_id, letter)
            case ["cl", "p" | "m" as way, place] if place.isdecimal():
                return await self._correct_tag(message_id, int(place), way == "m")
            case ["ty" | "tn" as answer, rule] if rule.isdecimal():
                return await self._settle_rule(message_id, int(rule), answer == "ty")
            case ["to", rule] if rule.isdecimal():
                ended = taste_rules.end(self.workspace.state, int(rule))
                await self.chat.edit(message_id, *await asyncio.to_thread(self._taste_page))
                return "switched off" if ended else "it was off already"
            case ["tb", short]:
                return await self._deny_belief(message_id, short)
            case ["d", value] if re.fullmatch(r"10|[1-9]", value):
                await self.chat.edit(message_id, templates.text(turn_cycling(self.workspace, int(value))[1]))
                return "taken"
            case ["dn"]:
                await self.chat.take_buttons(message_id)
                return "left as it is"
            case ["h", item] if item.isdecimal() and (asked := queue.item(self.workspace.state, int(item))):
                return await self._play(message_id, asked.artist, asked.title, asked.track_id)
            case ["hs", number] if number.isdecimal():
                said = notification_outbox.find(self.workspace.state, int(number))
                song = said.body.get("song") if said else None
                return (
                    await self._play(message_id, song["artist"], song["title"], song["track_id"])
                    if song
                    else "it is gone"
                )
            case ["xn" | "xm" as answer, key]:
                return await suspects.settle(self.workspace, self.chat, message_id, key, answer == "xm")
            case ["xu", number] if number.isdecimal():
                return await suspects.take_back(self.workspace, self.chat, message_id, int(number))
            case ["q", message] if message.isdecimal():
                return await self._queue_it(message_id, int(message))
            case _:
                await self.chat.take_buttons(message_id)
                return "this button is of another time"

    async def _undo_answer(self, message_id: int, item_id: int) -> str:
        state = self.workspace.state
        taken, found = queue.undo(state, item_id, questions.THROUGH), queue.item(state, item_id)
        if not taken or found is None:
            await self.chat.take_buttons(message_id)
            return "it was taken back already"
        told = f"↩ {templates.song(found.artist, found.title)}\ntaken back; it is {templates.text(found.status)} again"
        await self.chat.edit(message_id, told, [[button("ask me", "n")]])
        return "taken back"

    async def _undo_refresh(self, message_id: int, refresh_id: int) -> str:
        workspace = self.workspace
        last = playlists.last_change(workspace.state)
        if last is None or last.refresh_id != refresh_id:
            await self.chat.take_buttons(message_id)
            return "there was another refresh since; /undo offers the last one"
        await self.chat.take_buttons(message_id)
        refresh, done = await asyncio.to_thread(managed_playlists.take_back, workspace)
        at = wording.when(workspace, refresh.refreshed_at)
        if done is None:
            return f"the refresh of {at} was taken back already"
        await self.chat.send(
            f"↩ the refresh of {at} is taken back: +{done.added} −{done.removed}, {len(done.after)} songs"
        )
        return "taken back"

    async def _play(self, message_id: int, artist: str, title: str, track_id: str) -> str:
        """Sends thirty seconds of a song below its question."""
        found = await asyncio.to_thread(previews.find, self.workspace, artist, title, track_id)
        if found is None:
            return "no preview of this song; ▶ listen plays it"
        await self.chat.send_audio(found.sound, f"preview.{found.ending}", artist, title, message_id)
        return "here it is"

    async def _queue_it(self, message_id: int, number: int) -> str:
        """A song that a friend plays, put on trial."""
        state = self.workspace.state
        said = notification_outbox.find(state, number)
        if said is None or "song" not in said.body:
            await self.chat.take_buttons(message_id)
            return "this song is gone"
        song = said.body["song"]
        new = queue.propose(state, queue.DISCOVERY, [song], MANY)
        told = (
            "queued: one of the next refreshes puts it on trial" if new else "it waits already, or you have answered it"
        )
        await self.chat.edit(message_id, f"{templates.song(song['artist'], song['title'])}\n{told}")
        return "queued" if new else "known"

    async def _run(self, job: str, title: str) -> jobs.Ended | None:
        """Runs ``job`` and shows its progress. None where another run is under way, or this one failed: the chat says so."""
        if self._busy:
            await self.chat.send(f"{templates.text(self._busy)} is under way; wait for it.")
            return None
        self._busy = title
        try:
            ended = await jobs.run(self.workspace, self.chat, job, title)
        finally:
            self._busy = None
        if not ended.success:
            again = [[button("↻ try again", "r")]] if job == "refresh_the_mix" else ()
            await self.chat.edit(
                ended.message_id, f"⚠ {templates.text(title)} failed: {templates.text(ended.error)}", again
            )
            return None
        return ended


def _short(belief: standing_taste.Belief) -> str:
    """A belief as a few letters, the same in any process."""
    return f"{crc32(belief.denial.encode()):x}"
