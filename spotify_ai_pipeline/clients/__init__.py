"""The outside: one module a web service, all over ``transport``. The only floor that opens a socket."""
