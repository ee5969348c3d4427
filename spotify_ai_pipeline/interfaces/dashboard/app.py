"""The pages and their order; Streamlit runs this file anew whenever something is clicked."""

from __future__ import annotations

import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data
from spotify_ai_pipeline.interfaces.dashboard.sections import PAGES

settings = data.workspace().settings
st.set_page_config(
    page_title=f"{settings.spotify.playlist_name} of {settings.listener.name}", page_icon="🎵", layout="wide"
)
chosen = st.navigation(
    [
        st.Page(
            data.explain_errors(page), title=title, icon=f":material/{icon}:", url_path=title.lower(), default=not place
        )
        for place, (page, title, icon) in enumerate(PAGES)
    ]
)
chosen.run()
