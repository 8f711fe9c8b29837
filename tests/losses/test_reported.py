import math

import pytest
import torch

from mmseg_bone.losses.reported import ReportedBones, outside, unfound

LN2 = math.log(2)


def scan(**at):
    """Logits of one study of two views of 4×8 pixels, -20 but where told: ``a12`` is row 1, 2."""
    logits = torch.full((1, 2, 4, 8), -20.0)
    for place, value in at.items():
        logits[0, "ap".index(place[0]), int(place[1]), int(place[2])] = value
    return logits


def bones(**halves):
    """Of 2×2 blocks of four pixels, the share of bones 1 and 2 of three labels."""
    shares = torch.zeros(1, 2, 3, 1, 2)
    for name, share in halves.items():  # a1l: anterior, bone 1, left half
        shares[0, "ap".index(name[0]), int(name[1]), 0, "lr".index(name[2])] = share
    return shares


def told(*labels):
    return torch.tensor([[label in labels for label in range(3)]])


YES = torch.tensor([True])


def test_marks_are_wrong_only_where_no_lesion_may_be():
    allowed = torch.zeros(1, 2, 4, 8)
    allowed[0, 0, :, :4] = 1
    assert outside(scan(a12=20.0), allowed) == pytest.approx(0, abs=1e-6)
    # One pixel marked of 48 that are none: 1 / (1 + 1), and its own entropy in the mean of all.
    assert outside(scan(p12=20.0), allowed) == pytest.approx(1 / 2 + 20 / 48)
    half = outside(scan(a12=20.0), allowed / 2)
    assert half == pytest.approx(0.5 / 1.5 + 0.5 * 20 / (16 * 0.5 + 48))


def test_a_suspected_bone_wants_one_pixel_in_either_view():
    rooms = bones(a1l=1.0, p1r=1.0, a2r=1.0)
    assert unfound(scan(a12=0.0), rooms, told(1)) == pytest.approx(LN2)
    assert unfound(scan(p36=0.0), rooms, told(1)) == pytest.approx(LN2)
    assert unfound(scan(p32=0.0), rooms, told(1)) == pytest.approx(12)  # of no bone
    assert unfound(scan(a12=0.0), rooms, told(1, 2)) == pytest.approx((LN2 + 12) / 2)
    assert unfound(scan(a12=0.0), rooms, told()) == 0


def test_where_a_bone_is_less_likely_a_mark_says_less():
    rooms = bones(a1l=0.25)
    assert unfound(scan(a12=20.0), rooms, told(1)) == pytest.approx(math.log(4))


def test_the_last_block_may_reach_beyond_the_image():
    rooms = bones(a1l=1.0, a1r=1.0)
    cut = scan(a15=0.0, a13=20.0)[..., :6]  # not of two blocks of three
    assert unfound(cut, bones(a1r=1.0), told(1)) == pytest.approx(LN2)
    loss = ReportedBones(outside=1.0, unfound=0.0)
    assert loss(cut, rooms, told(1), told(1), YES) == pytest.approx(0, abs=1e-6)


def test_the_loss_is_its_weighted_parts_over_studies_that_were_reported():
    logits, shares = scan(a12=0.0, p12=20.0), bones(a1l=0.05)
    loss = ReportedBones(outside=2.0, unfound=3.0, least_share=0.1)
    room = shares / 0.1
    allowed = torch.zeros(1, 2, 4, 8)
    allowed[0, 0, :, :4] = 0.5
    expected = 2 * outside(logits, allowed) + 3 * unfound(logits, room, told(1))
    torch.testing.assert_close(loss(logits, shares, told(1), told(1), YES), expected[0])

    two = [torch.cat([part, part]) for part in (logits, shares, told(1), told(1))]
    one_of_two = loss(*two, torch.tensor([True, False]))
    torch.testing.assert_close(one_of_two, expected[0])
    assert loss(logits, shares, told(1), told(1), ~YES) == 0


def test_a_bone_that_may_have_a_lesion_need_not():
    logits, shares = scan(a12=20.0), bones(a1l=1.0)
    loss = ReportedBones(outside=1.0, unfound=1.0)
    assert loss(logits, shares, told(1), told(), YES) == pytest.approx(0, abs=1e-6)
    assert loss(logits, shares, told(), told(), YES) > 1 / 2


def test_a_view_that_was_not_acquired_is_neither_wrong_nor_found():
    views = torch.tensor([[True, False]])
    logits = scan(p12=20.0).requires_grad_()
    loss = ReportedBones(outside=1.0, unfound=1.0)(
        logits, bones(p1l=1.0), told(), told(1), YES, views
    )
    assert loss.item() == pytest.approx(12, abs=1e-6)
    loss.backward()
    assert logits.grad[0, 1].eq(0).all()


def test_half_precision_is_scored_in_float32():
    logits = scan(a12=0.0).to(torch.bfloat16)
    loss = ReportedBones()(logits, bones(a1l=1.0), told(1), told(1), YES)
    assert loss.dtype == torch.float32
    assert loss == pytest.approx(0.05 * LN2, rel=1e-3)
