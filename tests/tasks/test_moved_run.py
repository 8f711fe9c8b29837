from pytorch_lightning.callbacks import ModelCheckpoint

from mmseg_bone.tasks.checkpoints import Checkpoints

SETTINGS = {"monitor": "val/dice", "mode": "max", "filename": "best"}


def test_a_run_begun_with_lightnings_own_goes_on_where_it_lies_now(tmp_path):
    (tmp_path / "now").mkdir()
    (tmp_path / "now" / "best.ckpt").touch()
    own = ModelCheckpoint(tmp_path / "then", **SETTINGS)
    own.best_model_path = own.kth_best_model_path = str(tmp_path / "then" / "best.ckpt")
    own.best_model_score, own.best_k_models = 0.7, {own.best_model_path: 0.7}

    ours = Checkpoints(tmp_path / "now", **SETTINGS)
    assert ours.state_key == own.state_key  # where a checkpoint keeps the state
    ours.load_state_dict(own.state_dict())
    assert ours.best_k_models == {str(tmp_path / "now" / "best.ckpt"): 0.7}
    assert ours.best_model_path == ours.kth_best_model_path == str(tmp_path / "now" / "best.ckpt")
    assert (ours.best_model_score, ours.last_model_path) == (0.7, "")
