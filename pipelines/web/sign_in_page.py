"""The page that asks for the token, in English or French, complete in itself."""

from __future__ import annotations

from html import escape

_TEXTS = {
    "en": {
        "title": "Savoir: sign in",
        "ask": "This address needs the token that <code>savoir serve</code> printed when it started.",
        "wrong": "That is not the token of this server. A new one is made at every start.",
        "label": "Token",
        "open": "Open",
    },
    "fr": {
        "title": "Savoir : connexion",
        "ask": "Cette adresse demande le jeton que <code>savoir serve</code> a affiché au démarrage.",
        "wrong": "Ce n’est pas le jeton de ce serveur. Un nouveau est créé à chaque démarrage.",
        "label": "Jeton",
        "open": "Ouvrir",
    },
}

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 15vh auto 0; max-width: 26rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } label, input, button { display: block; width: 100%; box-sizing: border-box; }
input, button { font: inherit; padding: .55rem .7rem; margin: .3rem 0 1rem; border-radius: 8px; }
input { border: 1px solid #7b8a84; }
button { background: #1f6f5c; color: #fff; border: 0; cursor: pointer; } [role=alert] { color: #b3261e; }
@media (prefers-color-scheme: dark) { [role=alert] { color: #ff8a80; } }
"""


def sign_in_page(action: str, target: str, language: str, *, is_wrong: bool) -> str:
    """The form; `target` is where it leads once the token is right."""
    words = _TEXTS[language]
    wrong = f'<p role="alert">{words["wrong"]}</p>' if is_wrong else ""
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{words["title"]}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>
<body><main><h1>Savoir</h1><p>{words["ask"]}</p>{wrong}
<form method="post" action="{escape(action)}" autocomplete="off">
<input type="hidden" name="target" value="{escape(target)}">
<label for="token">{words["label"]}</label>
<input id="token" name="token" type="password" required autofocus>
<button>{words["open"]}</button></form></main></body></html>
"""


def again_page(target: str) -> str:
    """Asks for the same address once more, now from our own origin."""
    return f"""<!doctype html>
<html><head><meta charset="utf-8"><title>Savoir</title>
<meta http-equiv="refresh" content="0;url={escape(target)}"></head></html>
"""
