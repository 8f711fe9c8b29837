"""What a frozen encoder of MacBERT-base's size costs a step: reading anew, and looking up.

    python -m tests.text.reading_cost

prints CPU seconds for two reports of 128 tokens, one thread, median of ten times, and by how much
what is looked up differs from what is computed. The weights are random, of the true configuration.
"""

# ruff: noqa: T201  (it talks to whoever runs it)

import json
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from mmseg_bone.data.token_states import StateFolder
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.vocabulary import SPECIAL

VOCABULARY = 21128
TIMES = 10


def random_base(folder):
    """12 layers, 768 wide: what ``BertConfig`` says if it is told the vocabulary alone."""
    config = BertConfig(vocab_size=VOCABULARY)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    words = [*SPECIAL, *(f"w{number}" for number in range(VOCABULARY - len(SPECIAL)))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", "utf-8")
    save_file(BertModel(config).state_dict(), folder / "model.safetensors")


def cost(encoder, tokens, mask):
    """CPU seconds, and what was read."""
    took = []
    for _ in range(TIMES):
        began = time.process_time()
        with torch.no_grad():
            read = encoder(tokens, mask)
        took.append(time.process_time() - began)
    return median(took), read


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokens = torch.randint(len(SPECIAL), VOCABULARY, (2, 128))
    mask = torch.ones(2, 128, dtype=torch.bool)
    with TemporaryDirectory() as folder:
        random_base(Path(folder))
        encoder = ReportEncoder(folder, "frozen").eval()
        anew, computed = cost(encoder, tokens, mask)
        encoder.keep_states(StateFolder(Path(folder) / "states"))
        encoder(tokens, mask)  # computed once more, and kept
        kept, looked_up = cost(encoder, tokens, mask)
    print(f"read anew {anew:.2f} CPU s, looked up {1000 * kept:.2f} ms")
    print(f"largest difference {(computed - looked_up).abs().max():.1g}")


if __name__ == "__main__":
    main()
