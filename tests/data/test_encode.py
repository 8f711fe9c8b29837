from dataclasses import replace

import numpy as np
import torch

from mmseg_bone.data.encode import EncodeStudy, collate


def words(report):
    """A tokeniser to count on one's fingers: one token per character."""
    return [] if report is None else [ord(letter) for letter in report.findings]


def test_a_sample_has_both_views_and_says_which_were_acquired(study):
    one = replace(study, views=("posterior",), counts=study.counts[1:], mask=study.mask[1:])
    sample = EncodeStudy()(one)

    assert sample["views"].tolist() == [False, True]
    assert not sample["image"][0].any()
    assert sample["image"][1].any()
    assert sample["mask"].sum(dim=(1, 2)).tolist() == [0, 1]


def test_a_study_nobody_drew_on_has_no_mask(study):
    assert "mask" not in EncodeStudy()(replace(study, mask=None))


def test_a_batch_is_padded_to_the_stride_and_says_how_far(study):
    larger = replace(study, counts=np.ones((2, 7, 3), np.uint16), mask=np.zeros((2, 7, 3), bool))
    encode = EncodeStudy()
    batch = collate([encode(study), encode(larger)], stride=8)

    assert batch["image"].shape == (2, 2, 8, 8)
    assert batch["size"].tolist() == [[5, 6], [7, 3]]
    assert not batch["image"][0, :, 5:].any()
    assert not batch["image"][0, :, :, 6:].any()


def test_tokens_are_padded_and_a_study_without_a_report_has_none(study):
    encode = EncodeStudy(tokens=words)
    batch = collate([encode(study), encode(replace(study, report=None))])

    assert batch["tokens"].shape == batch["token_mask"].shape
    assert batch["token_mask"].sum(1).tolist() == [len(study.report.findings), 0]
    assert chr(batch["tokens"][0, 0]) == "左"


def test_a_batch_without_a_single_word_has_a_place_for_one(study):
    batch = collate([EncodeStudy(tokens=words)(replace(study, report=None))])
    assert batch["tokens"].shape == (1, 1)
    assert not batch["token_mask"].any()


def test_a_prediction_comes_back_to_the_pixels_and_views_of_the_study(study):
    one = replace(study, views=("posterior",), counts=study.counts[1:], mask=study.mask[1:])
    encode = EncodeStudy(rebin=2)
    sample = encode(one)
    assert sample["image"].shape == (2, 3, 3)

    back = encode.restore(np.zeros((2, 3, 3), np.float32), one)
    assert back.shape == (1, 5, 6)


def test_encoding_reads_no_report_unless_asked(study):
    assert "tokens" not in EncodeStudy()(study)
    assert torch.is_tensor(EncodeStudy(tokens=words)(study)["tokens"])
