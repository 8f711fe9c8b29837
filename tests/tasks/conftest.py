"""Studies as a data module would hand them over, from numbers drawn at random."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

QUIET = {
    "accelerator": "cpu",
    "devices": 1,
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}


def make_studies(count, *, height=16, width=8, lesions=True):
    """A spot of two by two pixels in each view, at another place in every study."""
    draw = torch.Generator().manual_seed(0)
    studies = []
    for i in range(count):
        mask = torch.zeros(2, height, width, dtype=torch.bool)
        if lesions:
            mask[:, i : i + 2, 1:3] = True
        studies.append(
            {
                "id": f"s{i}",
                "image": (0.2 * torch.rand(2, height, width, generator=draw) + 0.8 * mask),
                "mask": mask,
                "views": torch.tensor([True, True]),
                "size": torch.tensor([height, width]),
                "tokens": torch.randint(5, 20, (7,), generator=draw),
                "token_mask": torch.arange(7) < 7 - i,
            }
        )
    return studies


def collate(studies):
    batch = {key: torch.stack([s[key] for s in studies]) for key in studies[0] if key != "id"}
    return batch | {"id": [s["id"] for s in studies]}


def loader(studies, *, batch_size=2, shuffle=False):
    return DataLoader(studies, batch_size=batch_size, shuffle=shuffle, collate_fn=collate)


@pytest.fixture
def batch():
    return collate(make_studies(3))


@pytest.fixture
def studies():
    return make_studies


@pytest.fixture
def load():
    return loader


@pytest.fixture
def trainer():
    """A trainer that says and leaves nothing, unless asked."""
    return lambda **settings: pl.Trainer(**(QUIET | settings))
