"""Hold a model of several parts against the list of them: diffusers' pipelines, sentence-transformers.

Invariant: only a part whose class surely keeps weights is missed, and in its own directory alone.
Source: diffusers 0.42, pipelines/pipeline_utils.py (save_pretrained, model_index.json); sentence-transformers
6.2, base/model.py (save, modules.json).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from afterall.model import FileRole, Finding, FindingCode
from afterall.scan.checkpoints.checks.material import Material, below, found

PIPELINE = "model_index.json"
MODULES = "modules.json"

_SETTINGS_ALONE = re.compile(r".*(Scheduler|Tokenizer|Extractor|Processor)(Fast|2_0)?|Onnx.*|OV.*")
"""Classes that have no weights, or keep them in another format."""
_MOST_PARTS = 100
"""Of a list with more, whoever wrote it, the rest is not looked for."""
_MODULES_WITH_WEIGHTS = frozenset(
    {"Transformer", "MLMTransformer", "CLIPModel", "StaticEmbedding", "Dense", "LSTM", "CNN", "LayerNorm"}
)


def check(material: Material) -> Iterable[Finding]:
    """Yield the parts that the list names and that have no weights."""
    holding = {file.parent for file in (*material.weights, *material.having(FileRole.WEIGHTS_INDEX))}
    for file in material.having(FileRole.MODEL_CONFIG):
        document = file.contents.document if file.contents is not None else None
        parts = _parts(file.name, document) if document else ()
        for name in sorted(set(parts))[:_MOST_PARTS]:
            path = below(file.parent, name) if name else file.parent
            if path not in holding:
                yield found(FindingCode.WEIGHTS_MISSING, path)


def _parts(name: str, document: Any) -> Iterator[str]:
    """Yield the directories of the parts that keep weights, "" for the list's own."""
    if name == PIPELINE and isinstance(document, dict):
        for part, saved in document.items():
            match saved:
                case [str(), str(kind)] if _SETTINGS_ALONE.fullmatch(kind) is None:
                    yield part
    if name == MODULES and isinstance(document, list):
        for module in document:
            match module:
                case {"path": str(path), "type": str(kind)} if kind.startswith("sentence_transformers."):
                    if kind.rpartition(".")[2] in _MODULES_WITH_WEIGHTS:
                        yield path.strip("/")
