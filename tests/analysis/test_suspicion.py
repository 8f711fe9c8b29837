import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.delong import auc
from mmseg_bone.analysis.suspicion import auc_table, decision_table


def scans(scores, positive, seed=0):
    names = [f"p{at}" for at in range(len(scores))]
    return pd.DataFrame(
        {"id": names, "patient": names, "max_probability": scores, "metastatic": positive}
    ).assign(seed=seed)


def test_areas_with_delongs_interval_and_test():
    rng = np.random.default_rng(0)
    positive = (np.arange(80) < 30).astype(int)
    good, poor = rng.normal(size=(2, 80)) + np.outer([2.0, 0.5], positive)
    tables = {"free": scans(poor, positive), "fused": scans(good, positive)}
    free, fused = auc_table(tables, baseline="free").to_dict("records")
    assert free["auc"] == pytest.approx(auc(poor, positive.astype(bool)))
    assert free["low"] < free["auc"] < free["high"] <= 1
    assert np.isnan(free["difference"])
    assert fused["difference"] == pytest.approx(fused["auc"] - free["auc"])
    assert fused["difference_low"] > 0
    assert fused["p"] == fused["p_holm"] < 0.01
    assert (fused["patients"], fused["metastatic"]) == (80, 30)


def test_several_scans_of_a_patient_and_several_seeds_are_one_patient():
    two = pd.concat([scans([0.2, 0.9], [0, 1]), scans([0.4, 0.9], [0, 1], seed=1)])
    again = two.assign(id=two.id + "again", max_probability=0.1, metastatic=0)
    (row,) = auc_table({"x": pd.concat([two, again])}, baseline="x").to_dict("records")
    assert (row["patients"], row["metastatic"], row["auc"]) == (2, 1, 1.0)
    decision = decision_table({"x": pd.concat([two, again])}).set_index("threshold")
    assert decision.net_benefit[0.25] == pytest.approx((1 - 1 / 3) / 2)  # the mean, 0.3, acts
    assert decision.net_benefit[0.5] == 0.5
    assert decision.treat_all[0.5] == pytest.approx(0.0)


def test_without_scans_there_is_nothing():
    assert not len(auc_table({}, baseline="x"))
    assert not len(decision_table({}))
