"""The door for an assistant: a Model Context Protocol server. It reads freely and within bounds, and writes nothing that was not
proposed and confirmed."""
