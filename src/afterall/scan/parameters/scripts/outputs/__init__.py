"""Work out what commands within a script print, where they look into files of the set or only calculate."""

from afterall.scan.parameters.scripts.outputs.pipelines import output_of
from afterall.scan.parameters.scripts.outputs.text_commands import formatted

__all__ = ["formatted", "output_of"]
