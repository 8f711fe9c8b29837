from dataclasses import replace

import numpy as np
import pytest
import torch

from mmseg_bone.anatomy import BY_LABEL, BY_NAME, UNKNOWN
from mmseg_bone.data.controls import make_control
from mmseg_bone.data.encode import EncodeStudy, collate
from mmseg_bone.data.steps import CropBody, CropThorax
from mmseg_bone.errors import BatchError
from mmseg_bone.imaging.body_frame import OUTSIDE
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report
from mmseg_bone.text.report_evidence import ReportEvidence
from mmseg_bone.text.site_evidence import EVIDENCE_SHAPE, SAID


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


def test_places_on_the_body_are_not_told_of_a_thorax():
    thorax, whole = CropThorax(), CropBody()
    with pytest.raises(BatchError, match="cut to the thorax.*Leave out steps=thorax"):
        EncodeStudy(steps={"body": whole, "thorax": thorax}, body=True)
    EncodeStudy(steps={"body": whole}, body=True)
    EncodeStudy(steps={"thorax": thorax})


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


def test_what_changes_a_study_sees_the_pixels_of_the_network(scanned):
    seen = []
    EncodeStudy(rebin=2, bones=True)(scanned, lambda one: seen.append(one) or one)
    (one,) = seen
    assert one.spacing_mm == (4.52, 4.8)
    assert one.counts.shape == one.mask.shape == one.bones.shape == (2, 3, 3)
    assert one.counts.sum() == scanned.counts.sum()


def test_only_maps_that_are_encoded_are_asked_of_a_store():
    assert EncodeStudy().maps == ("mask",)
    assert EncodeStudy(bones=True).maps == ("mask", "bones")


def test_a_crop_of_large_pixels_comes_back_to_its_place(study):
    counts = np.zeros((2, 256, 128), np.uint16)
    counts[:, 40:216, 32:88] = 9
    counts[1] = counts[1, :, ::-1]
    mask = np.zeros(counts.shape, bool)
    mask[0, 80:84, 40:44] = mask[1, 100:104, 60:64] = True
    one = replace(study, counts=counts, mask=mask)
    encode = EncodeStudy(rebin=2, steps={"body": CropBody(margin_mm=0.0)})
    sample = encode(one)

    height, width = sample["image"].shape[1:]
    assert 88 <= height < 110
    assert 28 <= width < 50
    back = encode.restore(sample["mask"].numpy().astype(np.float32), one)
    assert np.array_equal(back >= 0.5, mask)


def test_encoding_reads_no_report_unless_asked(study):
    assert "tokens" not in EncodeStudy()(study)
    assert torch.is_tensor(EncodeStudy(tokens=words)(study)["tokens"])


@pytest.fixture
def scanned(study):
    """As a phantom, with a bone label on the lesion of the anterior view."""
    bones = np.zeros(study.counts.shape, np.uint8)
    bones[0, 3, 4] = BY_NAME["rib_left_5"].label
    return replace(study, bones=bones)


GROUNDS = {"evidence": ReportEvidence(), "body": True, "bones": True}


def test_evidence_tells_a_report_that_says_nothing_from_none(study):
    encode = EncodeStudy(evidence=ReportEvidence())
    silent = replace(study, report=Report(findings="全身骨骼显影清晰。"))
    batch = collate([encode(one) for one in (study, silent, replace(study, report=None))])

    assert batch["evidence"].shape == (3, *EVIDENCE_SHAPE)
    assert batch["evidence"].flatten(1).sum(1).tolist() == [1, 0, 0]
    assert batch["evidence"][0, BY_NAME["rib_left_5"].label, SAID.index("middle")] == 1
    assert batch["told"].tolist() == [True, True, False]


def test_controls_of_the_report_are_controls_of_its_evidence(study, tmp_path):
    other = replace(
        study, id="s2", patient="p2", report=Report(findings="L3见浓聚。", impression="骨转移。")
    )
    store = Store.write(tmp_path / "store", [study, other], {"p1": 0, "p2": 0})
    encode = EncodeStudy(evidence=ReportEvidence())

    def named(control):
        change = make_control(control, store, store.ids)
        sample = encode(change(study))
        bones = sample["evidence"].sum(1).nonzero().flatten().tolist()
        return [BY_LABEL[bone].name for bone in bones], bool(sample["told"])

    assert named("none") == (["rib_left_5"], True)
    assert named("side_flipped") == (["rib_right_5"], True)
    assert named("shuffled") == (["L3"], True)
    assert named("empty") == ([], False)


def test_bones_are_given_where_they_are_known_on_the_grid_of_the_image(scanned):
    sample = EncodeStudy(rebin=2, bones=True)(scanned)
    assert sample["bones"].shape == sample["image"].shape == (2, 3, 3)
    assert sample["bones"].nonzero().tolist() == []  # odd rows are not the first of a block
    assert EncodeStudy(bones=True)(scanned)["bones"].nonzero().tolist() == [[0, 3, 4]]

    one = replace(
        scanned,
        views=("posterior",),
        **{name: getattr(scanned, name)[1:] for name in ("counts", "mask", "bones")},
    )
    seen = EncodeStudy(bones=True)(one)["bones"]
    assert (seen[0] == UNKNOWN).all()
    assert not seen[1].any()
    assert (EncodeStudy(bones=True)(replace(one, bones=None))["bones"] == UNKNOWN).all()


def test_padding_has_no_bones_and_lies_outside_the_body(scanned):
    encode = EncodeStudy(**GROUNDS)
    batch = collate([encode(scanned)], stride=16)
    assert batch["bones"].shape == (1, 2, 16, 16)
    assert (batch["bones"][:, :, 5:] == UNKNOWN).all()
    assert (batch["bones"][:, :, :, 6:] == UNKNOWN).all()
    assert batch["body"].shape == (1, 2, 2, 4, 4)
    assert (batch["body"][:, :, :, 2:] == OUTSIDE).all()
