"""What a run tells W&B: an offline run, read back by W&B's own reader. No network."""

import json
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from mmseg_bone.analysis.experiments import collect
from mmseg_bone.cli import main
from mmseg_bone.cli.dashboard import HELD_OUT, LEARNING
from mmseg_bone.cli.tracking import EFFECTS, PICTURES, STUDIES, tags
from mmseg_bone.io.runs import Run, find_runs
from mmseg_bone.io.store import Store
from tests.cli.studies import SECRET, patients

NAME = "wang_xiaoming"  # of a patient, and of the folder her scans were put in


class Told:
    """What an offline run holds."""

    def __init__(self, run):
        (self.folder,) = (run.path / "wandb").glob("offline-run-*")
        self.run = run
        lines = self._read("--json").splitlines()
        self.records = [json.loads(line) for line in lines]
        about = json.loads(self._read("--summary", "--json"))
        self.summary, self.config, self.tags = (about[k] for k in ("summary", "config", "tags"))
        self.files = [path for path in (run.path / "wandb").rglob("*") if path.is_file()]

    def _read(self, *words):
        words = [sys.executable, "-m", "wandb", "leet", "inspect", *words, str(self.folder)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def of(self, kind):
        return [record[kind] for record in self.records if record["type"] == kind]

    @property
    def everything(self):
        return (
            b"".join(path.read_bytes() for path in self.files)
            + json.dumps(self.records, ensure_ascii=False).encode()
        )


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    Store.write(folder / NAME, patients(9), {f"p{i}": i % 3 for i in range(9)})
    words = [
        "-m",
        f"store={folder}/{NAME}",
        f"hydra.sweep.dir={folder}/first_sweep",
        "experiment=text_fused",
        "logger=wandb",
        "model.base_channels=4",
        "model.depth=3",
        "trainer.accelerator=cpu",
        "trainer.enable_progress_bar=false",
        "trainer.max_epochs=1",
    ]
    main(["train", *words])
    (run,) = find_runs(folder / "first_sweep")
    return Told(run)


def test_runs_are_grouped_by_sweep_and_found_by_their_tags(told):
    first = told.of("run")[0]
    assert first["run_group"] == "first_sweep"  # and not the folders it is in
    assert first["job_type"] == "text_fused"
    digest = told.run.store_digest
    assert {
        "fold 0",
        "seed 0",
        "experiment text_fused",
        "fusion cross_attention",
        "text default all",
        f"cohort {digest[:8]}",
    } == set(told.tags)


def test_an_offline_run_holds_the_curves_and_the_held_out_scores(told):
    logged = json.dumps(told.of("history"))
    for key in ("train/loss", "val/loss", "val/dice"):
        assert key in logged
    written = json.loads((told.run.path / "summary.json").read_text())
    assert told.summary["test/patient/dice"] == pytest.approx(written["patient"]["dice"])
    assert told.summary["test/froc_score"] == pytest.approx(written["beyond"]["froc_score"])


def test_the_table_of_studies_holds_scores_and_no_patient(told):
    path = told.folder / "files" / told.summary["test/studies"]["path"]
    table = json.loads(path.read_text())
    scores = told.run.read_scores()
    assert "patient" not in table["columns"]
    at = table["columns"].index("dice")
    assert [row[at] for row in table["data"]] == pytest.approx(scores["dice"].tolist())
    assert [row[0] for row in table["data"]] == scores["id"].tolist()


def test_pictures_have_layers_to_switch_one_of_them_without_the_report(told):
    pictures = told.summary["val/overlays"]
    assert pictures["captions"] == ["s1", "s4", "s7"]
    for masks in pictures["all_masks"]:
        assert set(masks) == {"reference", "prediction", "without the report"}
    (reference,) = {m["reference"]["path"] for m in pictures["all_masks"][:1]}
    drawn = np.asarray(Image.open(told.folder / "files" / reference))
    assert drawn.shape == (32, 2 * 16)  # both views side by side
    assert (drawn > 0).sum() == 2 * 6 * 4


def test_the_artifacts_are_runs_to_compare_and_to_predict_with(told, tmp_path):
    artifacts = {record["type"]: record for record in told.of("artifact")}
    assert artifacts["scores"]["name"] == "text_fused-fold0-seed0-scores"
    for kind, files in (("scores", ("scores.csv", "lesions.csv")), ("weights", ())):
        contents = artifacts[kind]["manifest"]["contents"]
        (tmp_path / kind).mkdir()
        for part in contents:
            assert part["local_path"].startswith(str(told.run.path))  # not in the user's home
            shutil.copy(part["local_path"], tmp_path / kind / part["path"])
        assert {"config.yaml", "environment.json", *files} <= {part["path"] for part in contents}
    assert collect([Run(tmp_path / "scores")]).digest == told.run.store_digest
    assert Run(tmp_path / "weights").weights.read_bytes() == told.run.weights.read_bytes()


def test_no_planted_identity_leaves(told):
    everything = told.everything
    for planted in (SECRET, json.dumps(SECRET).strip('"'), NAME, f'"{socket.gethostname()}"'):
        assert planted.encode() not in everything
    assert told.config["store"] == "store"


def test_the_dashboard_asks_for_what_a_run_logs(told):
    written = json.loads((told.run.path / "summary.json").read_text())
    beyond, scores = written["beyond"], {k: v for k, v in written.items() if k != "beyond"}
    scored = {f"test/{of}/{metric}" for of, values in scores.items() for metric in values}
    assert set(HELD_OUT.values()) <= scored | {f"test/{name}" for name in beyond}
    for key in (
        PICTURES,
        EFFECTS,
        STUDIES,
        "epoch",
        *(key for keys in LEARNING.values() for key in keys),
    ):
        assert key in told.summary


def test_outside_a_sweep_there_is_no_group():
    assert OmegaConf.create({"group": "${sweep:}"}).group is None


def test_a_run_that_reads_no_report_says_so_in_its_tags():
    config = {"name": "text_free", "model": {}, "text": None}
    assert tags(config, "0123456789ab") == (
        "experiment text_free",
        "fusion none",
        "text none",
        "cohort 01234567",
    )


def test_a_reader_that_is_no_checkpoint_is_called_by_its_name():
    text = {"encoder": {"_target_": "mmseg_bone.text.lexicon.MentionEncoder"}}
    config = {"name": "text_fused", "model": {"fusion": "film"}, "text": text}
    assert tags(config, "0123456789ab")[1:3] == ("fusion film", "text MentionEncoder")
