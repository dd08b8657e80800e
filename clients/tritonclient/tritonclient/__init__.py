"""The modules of tritonclient over neso-client."""
__version__ = "2.73.0+neso.0.1.0"
