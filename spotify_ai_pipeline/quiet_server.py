"""A web server of this machine that rests while nobody asks."""

import asyncio

import uvicorn


class QuietServer(uvicorn.Server):
    """Uvicorn that looks once a second, not ten times, whether it should end: on a machine that sleeps meanwhile, it is
    the waking that costs."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(1)
