"""Where in Campus a failed step of a check is mended, by code or by step and code.

Source: Infinite Campus knowledge base, digital learning applications configuration; grading services.
"""

from __future__ import annotations

from connectors.infinite_campus.settings import MENU

CONNECTION = {
    "name resolution/CN01": f"Copy the Base URL again from the connection in Campus ({MENU}): the host need"
    " not bear the district's name",
    "token/CN03": f"In Campus ({MENU}) compare Client ID and the whole Token URL, ?appName= included; a"
    " secret dies a year after it was made, and at once when somebody renews it",
    "token/CN05": f"Copy the Token URL again from the connection in Campus ({MENU})",
    "CN05": f"Copy the Base URL again from the connection in Campus ({MENU}), and set version to the"
    " OneRoster version it was generated for",
    "CN04": f"In Campus ({MENU}) open the connection and switch on what it may serve; grades need a"
    " supported vendor and the Campus Learning licence",
    "demographics/CN04": f"In Campus ({MENU}) open the connection and let it serve demographics, or set"
    " demographics to false",
    "CN06": "Pull outside the school day, and set peak_hours to the hours in which Campus is in use",
}
"""Fixes of everything that goes over the OneRoster connection."""
