"""The outside: one module a web service, each over ``transport``. The only floor that opens a socket."""
