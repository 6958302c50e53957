"""What to do in PowerSchool's own menus about a failed step of a check.

Source: PowerSchool help, Plugin Management, global API settings, AutoSend, Remote Connection Manager.
"""

from __future__ import annotations

from collections.abc import Mapping

PLUGIN_MENU = "System > System Settings > Plugin Management Configuration"
"""Where a PowerSchool administrator installs, enables and looks at plugins."""

_PLUGINS = f"In PowerSchool under {PLUGIN_MENU}"
_CREDENTIALS = (
    f"{_PLUGINS}, open the plugin, then Data Provider Configuration, and copy client id and secret again; "
    "a plugin that was installed anew has new ones"
)
_PACE = (
    "Read the minimum time interval between API requests per plugin in PowerSchool's global API settings, "
    "and set min_interval_ms a little above it"
)

ONEROSTER_FIXES: Mapping[str, str] = {
    "CN03": _CREDENTIALS,
    "CN04": f"{_PLUGINS}, look whether the consumer plugin is enabled and was registered (the Register "
    "button of the window that opens after installing)",
    "demographics/CN04": f"{_PLUGINS}, look whether the consumer plugin may read demographics, or set "
    "demographics to false",
    "CN05": "Ask the district to switch Universal Rostering on and to install a consumer plugin, or read by "
    "powerschool_powerquery instead",
    "CN06": _PACE,
}
"""For PowerSchool's OneRoster, by the code of the failure."""

QUERY_FIXES: Mapping[str, str] = {
    "CN03": _CREDENTIALS,
    "CN04": f"{_PLUGINS}, delete the plugin, install the ZIP that `sisbridge plugin powerschool` writes, and "
    "enable it; client id and secret are new then",
    "CN05": f"{_PLUGINS}, install the ZIP that `sisbridge plugin powerschool` writes, and enable it",
    "CN06": _PACE,
}
"""For the queries of our plugin."""

FILE_FIXES: Mapping[str, str] = {
    "expected files/FL04": "Look at the scheduled exports in PowerSchool (AutoSend, Data Export Manager): "
    "whether they ran, under which names, and over which managed connection",
    "CN03": "Press Test Connection in PowerSchool's Remote Connection Manager; user name and password or key "
    "are those of the connection that the exports use",
    "headers/FL10": "Add the column to the export's field list; for a file without a header set its columns",
}
"""For exported files."""
