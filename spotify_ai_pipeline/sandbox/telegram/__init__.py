"""Telegram: the part of the Bot API that a bot in a private chat needs, and the chat itself as a page."""
