"""The ASGI application: the Streamlit script and the routes beside it, on one port."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from app.auth.routes import ROUTES as AUTH_ROUTES
from app.auth.start import prepare
from app.forward import ROUTES as API_ROUTES
from app.health import ROUTES as HEALTH_ROUTES
from app.memory import keep_lean
from app.pictures import ROUTES as PICTURE_ROUTES
from app.security import SecurityHeaders
from app.settings import Settings, settings_in_force
from app.warm import THREAD, warm_up


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Bring the state up to date, and import what is slow while nobody waits for it."""
    keep_lean()
    password = prepare(settings_in_force())
    if password is not None:
        announce(settings_in_force(), password)
    threading.Thread(target=warm_up, name=THREAD, daemon=True).start()
    yield {}


def announce(settings: Settings, password: str) -> None:
    """Print the first admin's one-time password, once."""
    name = settings.text("admin_name")
    sys.stdout.write(f"First start: sign in as {name} with the one-time password {password}\n")
    sys.stdout.flush()


def streamlit_config(settings: Settings) -> dict[str, Any]:
    """What Streamlit must be told: our address, no traces, nothing sent to anybody."""
    return {
        "server.port": settings.number("port"),
        "server.address": settings.text("host"),
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": settings.number("upload_limit_mb"),
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "logger.level": "warning",
        "runner.postScriptGC": False,  # app.warm.settle_memory says when instead
    }


def on_script_error(error: Exception) -> bool:
    """Draw what no page caught: a problem box with a number instead of a trace."""
    from app.widgets.problem import problem

    problem(error)
    return True


app = st.App(
    Path(__file__).resolve().parent / "main.py",
    routes=[*AUTH_ROUTES, *HEALTH_ROUTES, *PICTURE_ROUTES, *API_ROUTES],
    middleware=[Middleware(SecurityHeaders)],
    lifespan=lifespan,
    on_script_error=on_script_error,
)

if __name__ == "__main__":
    app.run(config=streamlit_config(settings_in_force()))
