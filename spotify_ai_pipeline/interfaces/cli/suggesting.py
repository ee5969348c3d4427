"""What is said of a command that there is not; nothing here takes time to import."""

from __future__ import annotations

from difflib import get_close_matches

import click


class Suggesting(click.Group):
    """A group that names the commands which are written like one that it does not have."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            near = get_close_matches(args[0], known, 3, 0.6)
            within, all_of_them = "", "`spotify-ai --help` lists them"
            if ctx.parent:
                within, all_of_them = f" in `{ctx.command_path}`", f"there are {', '.join(known)}"
            hint = f"did you mean {' or '.join(near)}?" if near else all_of_them
            ctx.fail(f"no command {args[0]!r}{within}; {hint}")
        return super().resolve_command(ctx, args)
