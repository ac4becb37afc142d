"""A small WebKitGTK browser that WebDriver drives; its profile stays on the disk: `webkit_browser.py PROFILE NAME`.

Runs on Debian's own Python, which has `gi`. WebKit's MiniBrowser forgets everything when driven; a phone does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402  the versions come first

ON_IN_SAFARI = {"StorageAPI", "StorageAPIEstimate", "FileSystem", "FileSystemWritableStream", "ScreenOrientationAPI"}
"""Features that an iPhone has and WebKitGTK leaves off."""
PHONE = {"default_width": 390, "default_height": 844}


def main(profile: Path, name: str) -> None:
    """Wait to be driven, until the driver ends this program."""
    context = kept_in(profile)
    context.set_automation_allowed(True)
    context.set_preferred_languages(["en-GB"])  # else the language is that of LANG, and "C" is none
    settings = settings_like_safari()
    windows = []

    def new_view(_session: WebKit2.AutomationSession) -> WebKit2.WebView:
        view = WebKit2.WebView(web_context=context, is_controlled_by_automation=True, settings=settings)
        window = Gtk.Window(**PHONE)
        window.add(view)
        window.show_all()
        view.connect("close", lambda _view: window.destroy())
        windows.append(window)
        return view

    def started(_context: WebKit2.WebContext, session: WebKit2.AutomationSession) -> None:
        info = WebKit2.ApplicationInfo()
        info.set_name(name)  # the driver gives up unless this is the browser that was asked for
        session.set_application_info(info)
        session.connect("create-web-view", new_view)

    context.connect("automation-started", started)
    Gtk.main()


def kept_in(profile: Path) -> WebKit2.WebContext:
    """A browser whose databases, caches, workers and cookies outlive it."""
    manager = WebKit2.WebsiteDataManager(
        base_data_directory=str(profile / "data"), base_cache_directory=str(profile / "cache")
    )
    context = WebKit2.WebContext(website_data_manager=manager)
    jar = WebKit2.CookiePersistentStorage.SQLITE
    context.get_cookie_manager().set_persistent_storage(str(profile / "cookies.sqlite"), jar)
    return context


def settings_like_safari() -> WebKit2.Settings:
    """What Safari on a phone can do; scripts' errors are written to standard output."""
    settings = WebKit2.Settings(enable_write_console_messages_to_stdout=True)
    features = WebKit2.Settings.get_all_features()
    for feature in (features.get(at) for at in range(features.get_length())):
        if feature.get_identifier() in ON_IN_SAFARI:
            settings.set_feature_enabled(feature, True)
    return settings


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
