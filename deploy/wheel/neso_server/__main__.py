from . import neso

neso()
