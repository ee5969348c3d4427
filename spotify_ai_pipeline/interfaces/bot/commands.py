"""What each command does: the same functions as on the command line, told in a chat."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from spotify_ai_pipeline.interfaces import words
from spotify_ai_pipeline.interfaces.bot import asking, running, texts
from spotify_ai_pipeline.interfaces.bot.chat import Chat, button, link
from spotify_ai_pipeline.interfaces.cli import dials, look, show, why
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services import our_playlists, speaking, wishes
from spotify_ai_pipeline.services.spotify import Spotify
from spotify_ai_pipeline.storage import messages, playlists, queue
from spotify_ai_pipeline.storage.home import Home
from spotify_ai_pipeline.storage.playlists import MIX

USUAL_PAUSE = 24 * 3_600.0
MANY = 1_000_000
"""A song that the listener asks for always has room in the queue."""


class Commands:
    """The commands of one listener. ``root`` is opened anew for each: settings may have changed since the last one."""

    def __init__(self, root: Path, chat: Chat) -> None:
        self.root, self.chat = root, chat
        self._busy: str | None = None

    @property
    def home(self) -> Home:
        return Home.open(self.root)

    async def help(self, _: str) -> None:
        await self.chat.send(f"I keep your AI Mix fresh, and ask about songs one at a time.\n\n{texts.HELP}")

    start = help

    async def next(self, _: str) -> None:
        await asking.ask_next(self.home, self.chat)

    async def refresh(self, _: str) -> None:
        home = self.home
        ended = await self._run("refresh_the_mix", "Refreshing")
        if ended is None:
            return
        last = playlists.refreshes(home.state, MIX, 1)
        mix = await asyncio.to_thread(show.mix_as_data, home)
        title = our_playlists.named(home.settings).title
        told = texts.change(mix, title, last[0].outcome if last else "not written yet")
        row = [link("▶ open", mix["playlist"])] if mix["playlist"] else []
        if mix["added"] and last and last[0].before:
            row.append(button("↩ undo", "b", last[0].refresh_id))
        await self.chat.edit(ended.message_id, told, [row] if row else ())

    async def discover(self, _: str) -> None:
        before = {one.item_id for one in queue.items(self.home.state, kind=queue.DISCOVERY)}
        ended = await self._run("discover", "Looking for new songs")
        if ended is None:
            return
        waiting = queue.items(self.home.state, kind=queue.DISCOVERY)
        new = [one for one in waiting if one.item_id not in before]
        lines = [f"<b>{len(new)} new songs</b>, {len(waiting)} wait or are on trial"]
        lines += [f"{texts.song(one.artist, one.title)} <i>{texts.text(words.why_asked(one))}</i>" for one in new[:10]]
        await self.chat.edit(ended.message_id, texts.fitted(lines), [[button("ask me", "n")]] if waiting else ())

    async def mood(self, text: str) -> None:
        if not text:
            lines = await asyncio.to_thread(words.mood_now, self.home)
            await self.chat.send(texts.fitted(map(texts.text, lines)))
            return
        asked = await asyncio.to_thread(wishes.ask_for, self.home, text)
        told = f"<b>{texts.text(text)}</b>\n{texts.text(words.asked(self.home, asked))}"
        await self.chat.send(told, [[button("↻ refresh now", "r")]])

    async def cycling(self, text: str) -> None:
        if text and not re.fullmatch(r"10|[1-9]", text):
            raise Problem(
                f"{text}: give a number from 1 (songs stay long) to 10 (songs leave soon), or none to see the present one"
            )
        await self.chat.send(texts.text(dials.turn(self.home, int(text) if text else None)[1]))

    async def stats(self, _: str) -> None:
        await self.chat.send(texts.stats(await asyncio.to_thread(look.listening, self.home)))

    async def playlist(self, _: str) -> None:
        home = self.home
        known, title = playlists.written(home.state, MIX), our_playlists.named(home.settings).title
        if known is None:
            await self.chat.send(f"{texts.text(title)} was not made yet; /refresh makes it.")
            return
        told = f"<b>{texts.text(title)}</b>: {len(known.track_ids)} songs, written {words.when(home, known.written_at)}"
        await self.chat.send(told, [[link("▶ open", show.playlist_link(home))]])

    async def snapshot(self, _: str) -> None:
        home = self.home
        made = await asyncio.to_thread(
            lambda: our_playlists.take_snapshot(home, Spotify.of(home), our_playlists.ASKED_FOR)
        )
        row = [[link("▶ open", show.playlist_link(home, made.written_as))]]
        await self.chat.send(f"❄ <b>{texts.text(made.name)}</b>: {len(made.track_ids)} songs", row)

    async def why(self, text: str) -> None:
        if not text:
            raise Problem("say which song: /why and a part of its title")
        await self.chat.send(texts.why(*await asyncio.to_thread(why.explained, self.home, text)))

    async def undo(self, _: str) -> None:
        """Offers what can be taken back, so that nothing is that was not meant."""
        home = self.home
        rows, lines = [], []
        if (answer := queue.last_answer(home.state)) is not None:
            lines.append(f"answer: {texts.song(answer.artist, answer.title)} ({texts.text(answer.status)})")
            rows.append([button("↩ the answer", "u", answer.item_id)])
        last = playlists.last_change(home.state)
        if last is not None and last.before and last.undone_at is None:
            lines.append(f"refresh of {words.when(home, last.refreshed_at)}: +{last.added} −{last.removed}")
            rows.append([button("↩ the refresh", "b", last.refresh_id)])
        await self.chat.send("\n".join(["Take back:", *lines]) if rows else "There is nothing to take back.", rows)

    async def pause(self, text: str) -> None:
        home = self.home
        if text in ("off", "end", "stop"):
            speaking.pause(home, None)
            await self.chat.send("I speak up again when there is something to say.")
            return
        seconds = words.seconds_of(text) if text else USUAL_PAUSE
        if seconds is None:
            raise Problem(f"{text}: give a time such as 3h or 2d (30d at most), or off")
        until = speaking.pause(home, seconds) or 0.0
        await self.chat.send(
            f"Quiet until {words.when(home, until)}: I send no notifications. Refreshes go on; /pause off ends this."
        )

    async def tapped(self, message_id: int, sent_at: int, data: str) -> str:
        """Does what a button means; gives the word that pops up."""
        match data.split(":"):
            case ["v", item, letter] if item.isdecimal():
                return await asking.answer(self.home, self.chat, message_id, sent_at, int(item), letter)
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
            case ["q", message] if message.isdecimal():
                return await self._queue_it(message_id, int(message))
            case _:
                await self.chat.take_buttons(message_id)
                return "this button is of another time"

    async def _undo_answer(self, message_id: int, item_id: int) -> str:
        state = self.home.state
        taken, found = queue.undo(state, item_id, asking.THROUGH), queue.item(state, item_id)
        if not taken or found is None:
            await self.chat.take_buttons(message_id)
            return "it was taken back already"
        told = f"↩ {texts.song(found.artist, found.title)}\ntaken back; it is {texts.text(found.status)} again"
        await self.chat.edit(message_id, told, [[button("ask me", "n")]])
        return "taken back"

    async def _undo_refresh(self, message_id: int, refresh_id: int) -> str:
        home = self.home
        last = playlists.last_change(home.state)
        if last is None or last.refresh_id != refresh_id:
            await self.chat.take_buttons(message_id)
            return "there was another refresh since; /undo offers the last one"
        await self.chat.take_buttons(message_id)
        refresh, done = await asyncio.to_thread(our_playlists.take_back, home)
        at = words.when(home, refresh.refreshed_at)
        if done is None:
            return f"the refresh of {at} was taken back already"
        await self.chat.send(
            f"↩ the refresh of {at} is taken back: +{done.added} −{done.removed}, {len(done.after)} songs"
        )
        return "taken back"

    async def _queue_it(self, message_id: int, number: int) -> str:
        """A song that a friend plays, put on trial."""
        state = self.home.state
        said = messages.find(state, number)
        if said is None or "song" not in said.body:
            await self.chat.take_buttons(message_id)
            return "this song is gone"
        song = said.body["song"]
        new = queue.propose(state, queue.DISCOVERY, [song], MANY)
        told = (
            "queued: one of the next refreshes puts it on trial" if new else "it waits already, or you have answered it"
        )
        await self.chat.edit(message_id, f"{texts.song(song['artist'], song['title'])}\n{told}")
        return "queued" if new else "known"

    async def _run(self, job: str, title: str) -> running.Ended | None:
        """A run and its progress; None where one is under way or failed, which was said."""
        if self._busy:
            await self.chat.send(f"{texts.text(self._busy)} is under way; wait for it.")
            return None
        self._busy = title
        try:
            ended = await running.run(self.home, self.chat, job, title)
        finally:
            self._busy = None
        if not ended.success:
            again = [[button("↻ try again", "r")]] if job == "refresh_the_mix" else ()
            await self.chat.edit(ended.message_id, f"⚠ {texts.text(title)} failed: {texts.text(ended.error)}", again)
            return None
        return ended
