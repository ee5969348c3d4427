"""The dashboard: pages in the browser over the lake and the state. `spotify-ai dashboard` starts it.

``figures/`` are pure functions from frames to frames. ``sections/`` draw them, a module a page. ``data`` reads and remembers.
``theme`` holds the colours and the shapes of charts.
"""
