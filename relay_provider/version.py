"""The version of the package, the plugin and the served API: one number for all three."""

__version__ = "0.1.0"
