"""The Telegram bot: the command line on the phone, for one listener."""
