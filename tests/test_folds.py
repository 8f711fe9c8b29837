import numpy as np

from mmseg_bone.data.folds import deal


def test_each_fold_gets_its_share_of_patients_with_lesions():
    patients = {f"p{i}": i < 9 for i in range(15)}
    fold = deal(patients, 3, np.random.default_rng(0))

    assert fold.keys() == patients.keys()
    for k in range(3):
        held_out = [name for name in patients if fold[name] == k]
        assert len(held_out) == 5
        assert sum(patients[name] for name in held_out) == 3


def test_dealing_does_not_depend_on_the_order_of_the_table():
    patients = {f"p{i}": i % 2 == 0 for i in range(10)}
    backwards = dict(reversed(patients.items()))
    assert deal(patients, 4, np.random.default_rng(1)) == deal(
        backwards, 4, np.random.default_rng(1)
    )
