"""Identity: which recordings are one song."""
