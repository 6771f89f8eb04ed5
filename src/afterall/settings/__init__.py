"""Read what the set's owner and the site's admin decided; every mistake names file, line and key."""

from afterall.settings.experiment_set import (
    RESULTS_FILES,
    RESULTS_HTML,
    RESULTS_JSON,
    SECTIONS,
    SETTINGS_NAME,
    SetSettings,
    parse_set_settings,
    read_set_settings,
)
from afterall.settings.site import (
    SITE_SETTINGS_PATH,
    SiteSettings,
    parse_site_settings,
    read_site_settings,
)
from afterall.settings.templates import read_templates

__all__ = [
    "RESULTS_FILES",
    "RESULTS_HTML",
    "RESULTS_JSON",
    "SECTIONS",
    "SETTINGS_NAME",
    "SITE_SETTINGS_PATH",
    "SetSettings",
    "SiteSettings",
    "parse_set_settings",
    "parse_site_settings",
    "read_set_settings",
    "read_site_settings",
    "read_templates",
]
