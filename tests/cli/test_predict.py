import json
from io import BytesIO

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image
from pydicom.data import get_testdata_file
from safetensors.torch import save_file

from mmseg_bone.cli import CONF
from mmseg_bone.cli.predict import NOTICE
from mmseg_bone.io.runs import Run
from tests.cli import networks
from tests.dicoms import (
    ANTERIOR,
    POSTERIOR,
    SPACING_MM,
    body,
    detectors,
    identities_in,
    nm,
    save,
)

REPORT = "检查所见：左侧第5肋骨见异常放射性浓聚。\n诊断意见：骨转移可能性大。"
SPOT = (256 // 3, 64 * 5 // 8)  # row and column of the hot spot of tests.dicoms.body


@pytest.fixture
def make_run(tmp_path):
    """A run whose network marks hot spots."""

    def make(kind="HotSpots", tokens=None, evidence=None):
        encode = {
            "_target_": "mmseg_bone.data.encode.EncodeStudy",
            "rebin": 1,
            "quantile": 1.0,
            "ceiling": 1.0,  # so that the hottest pixel is 1 in the image
            "tokens": tokens,
            "evidence": evidence,
        }
        config = {
            "name": "hot",
            "model": {"_target_": f"tests.cli.networks.{kind}"},
            "data": {"encode": encode},
            "task": {"threshold": 0.5},
        }
        run = Run.start(tmp_path / kind, config, {"store_digest": "abc"})
        save_file(getattr(networks, kind)().state_dict(), run.path / "weights.safetensors")
        return run

    return make


@pytest.fixture
def told(make_run):
    return make_run("HotSpotsIfTold", {"_target_": "tests.cli.networks.characters"})


@pytest.fixture
def scan(tmp_path):
    both = nm(body(), body()[:, ::-1], DetectorInformationSequence=detectors(ANTERIOR, POSTERIOR))
    return save(both, tmp_path / "ZHANGSAN.dcm")


def lesions(folder):
    return json.loads((folder / "lesions.json").read_text("utf-8"))


def test_a_hot_spot_is_marked_where_it_is_in_both_views(make_run, scan, command, tmp_path):
    out = tmp_path / "out"
    said = command("predict", scan, "--run", make_run().path, "--out", out)

    assert "anterior: lesions 1, pixels 1" in said
    assert "Not a medical device" in said
    front, back = lesions(out)["lesions"]
    row, column = SPOT
    assert (front["view"], front["number"], front["centroid_px"]) == (
        "anterior",
        1,
        [row, column],
    )
    assert front["centroid_mm"] == pytest.approx([row * SPACING_MM, column * SPACING_MM], abs=1e-3)
    assert front["area_mm2"] == pytest.approx(SPACING_MM**2, abs=1e-3)
    assert front["mean_counts"] == 200
    assert front["max_probability"] > 0.5
    # Her left is at the right from the front, and at the left from behind.
    assert (back["view"], back["centroid_px"]) == ("posterior", [row, 63 - column])

    mask = np.asarray(Image.open(out / "mask_anterior.png"))
    assert mask.shape == (256, 64)
    assert np.argwhere(mask).tolist() == [[row, column]]
    assert np.argwhere(np.asarray(Image.open(out / "mask_posterior.png"))).tolist() == [
        [row, 63 - column]
    ]


def test_the_json_says_what_made_it_and_that_it_is_no_medical_device(
    make_run, scan, command, tmp_path
):
    command("predict", scan, "--run", make_run().path, "--out", tmp_path / "out")
    about = lesions(tmp_path / "out")
    assert about["notice"] == NOTICE
    assert about["package"].startswith("mmseg-bone ")
    assert (about["run"], about["store_digest"], len(about["weights_sha256"])) == ("hot", "abc", 64)
    assert (about["threshold"], about["report_read"]) == (0.5, False)
    assert about["scan"]["views"] == ["anterior", "posterior"]


def test_with_and_without_a_report_and_from_text_or_file(told, scan, command, tmp_path):
    words = ["predict", scan, "--run", told.path, "--out"]
    assert "No report was given" in command(*words, tmp_path / "without")
    assert lesions(tmp_path / "without")["lesions"] == []

    command(*words, tmp_path / "text", "--report", REPORT)
    for codec in ("utf-8", "utf-16", "gb18030"):
        file = tmp_path / f"report-{codec}.txt"
        file.write_bytes(REPORT.encode(codec))
        command(*words, tmp_path / codec, "--report", file)

    for name in ("text", "utf-8", "utf-16", "gb18030"):
        assert lesions(tmp_path / name)["report_read"]
        assert len(lesions(tmp_path / name)["lesions"]) == 2


def test_evidence_of_the_report_is_taken_as_in_training(make_run, scan, command, tmp_path):
    evidence = {"_target_": "mmseg_bone.text.report_evidence.ReportEvidence"}
    words = ["predict", scan, "--run", make_run("HotSpotsIfSaid", evidence=evidence).path, "--out"]
    command(*words, tmp_path / "with", "--report", REPORT)
    assert lesions(tmp_path / "with")["report_read"]
    assert len(lesions(tmp_path / "with")["lesions"]) == 2

    for report in ([], ["--report", ""]):
        command(*words, tmp_path / f"without{len(report)}", *report)
        about = lesions(tmp_path / f"without{len(report)}")
        assert (about["report_read"], about["lesions"]) == (False, [])


def test_an_empty_report_is_no_report_and_an_unread_one_is_told(
    told, make_run, scan, command, tmp_path
):
    said = command("predict", scan, "--run", told.path, "--out", tmp_path / "a", "--report", "")
    assert "The report was not read" in said
    assert not lesions(tmp_path / "a")["report_read"]

    words = ["--run", make_run().path, "--out", tmp_path / "b", "--report", REPORT]
    assert "The report was not read" in command("predict", scan, *words)
    assert not lesions(tmp_path / "b")["report_read"]


def test_neither_identity_nor_words_of_the_report_come_out(told, scan, command, tmp_path):
    out = tmp_path / "out"
    said = command("predict", scan, "--run", told.path, "--out", out, "--report", REPORT)
    for file in out.iterdir():
        assert not identities_in(file.read_bytes()), file.name
        for word in ("浓聚", "转移", "可能"):
            assert word.encode() not in file.read_bytes()
    assert "肋" not in said


def test_no_name_in_the_header_of_the_scan_reaches_the_network_in_its_report(
    told, scan, command, tmp_path, monkeypatch
):
    read = []
    monkeypatch.setattr(
        networks, "characters", lambda: lambda report: read.append(report.text) or [1]
    )
    # In running text no rule finds a name; nor does one find a number so short.
    report = "检查所见：张三丰第12胸椎见浓聚，请DrHOUSE会诊，A5512345片比较。"
    words = ["predict", scan, "--run", told.path, "--out", tmp_path / "out"]
    assert "lesions 1" in command(*words, "--report", report)
    assert read
    assert not identities_in("".join(read).encode())
    assert "第12胸椎见浓聚" in read[0]


def test_agreement_is_judged_only_of_a_report(told, scan, command, tmp_path):
    words = ["predict", scan, "--run", told.path, "--out"]
    said = command(*words, tmp_path / "without")
    assert "Agreement of report and marks was not judged: there is no report." in said
    assert lesions(tmp_path / "without")["agreement"] == {
        "judged": False,
        "why_not": "there is no report",
    }


def test_a_single_view_is_a_scan(make_run, command, tmp_path):
    one = nm(body(), DetectorInformationSequence=detectors(POSTERIOR))
    scan = save(one, tmp_path / "one.dcm")
    said = command("predict", scan, "--run", make_run().path, "--out", tmp_path / "out")
    assert "One view only" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "lesions.json",
        "mask_posterior.png",
        "overlay.png",
    ]


def test_a_pixel_size_that_is_missing_can_be_given(make_run, command, tmp_path):
    one = nm(body(), DetectorInformationSequence=detectors(ANTERIOR), PixelSpacing=None)
    scan = save(one, tmp_path / "one.dcm")
    words = ["predict", scan, "--run", make_run().path, "--out", tmp_path / "out"]
    assert "Pixel Spacing (0028,0030) is missing" in command(*words)
    command(*words, "--spacing", "9x8.5")
    assert lesions(tmp_path / "out")["scan"]["spacing_mm"] == [9, 8.5]
    assert lesions(tmp_path / "out")["lesions"][0]["area_mm2"] == 9 * 8.5


def test_a_threshold_above_everything_marks_nothing(make_run, scan, command, tmp_path):
    words = ["predict", scan, "--run", make_run().path, "--out", tmp_path / "out"]
    assert "anterior: lesions 0, pixels 0" in command(*words, "--smallest-mm2", 100)
    assert lesions(tmp_path / "out")["lesions"] == []
    command(*words, "--threshold", 0, "--overwrite")  # everything is one lesion
    assert [lesion["area_px"] for lesion in lesions(tmp_path / "out")["lesions"]] == [256 * 64] * 2


def test_lesions_smaller_than_the_run_was_trained_to_keep_are_dropped(
    make_run, scan, command, tmp_path
):
    run = make_run()
    text = (run.path / "config.yaml").read_text()
    (run.path / "config.yaml").write_text(text + "smallest_mm2: 100\n")
    words = ["predict", scan, "--run", run.path, "--out", tmp_path / "out"]
    assert "anterior: lesions 0, pixels 0" in command(*words)
    assert lesions(tmp_path / "out")["smallest_mm2"] == 100
    assert "anterior: lesions 1" in command(*words, "--smallest-mm2", 0, "--overwrite")


def test_earlier_marks_are_not_lost_without_saying_so(make_run, scan, command, tmp_path):
    words = ["predict", scan, "--run", make_run().path, "--out", tmp_path / "out"]
    command(*words)
    kept = tmp_path / "out" / "lesions.json"
    kept.write_text("mine")

    assert "already holds mask_anterior.png" in command(*words)
    assert kept.read_text() == "mine"
    command(*words, "--overwrite")
    assert kept.read_text() != "mine"


def test_no_mask_of_another_patient_is_left_beside_new_marks(make_run, scan, command, tmp_path):
    out = tmp_path / "out"
    words = ["--run", make_run().path, "--out", out]
    command("predict", scan, *words)
    one = nm(body(), DetectorInformationSequence=detectors(ANTERIOR))
    single = save(one, tmp_path / "one.dcm")
    (out / "notes.txt").write_text("mine")

    command("predict", single, *words, "--overwrite")
    assert sorted(path.name for path in out.iterdir()) == [
        "lesions.json",
        "mask_anterior.png",
        "notes.txt",
        "overlay.png",
    ]

    for name in ("lesions.json", "mask_anterior.png", "overlay.png"):
        (out / name).unlink()
    (out / "mask_posterior.png").write_text("hers")
    assert "already holds mask_posterior.png" in command("predict", single, *words)


@pytest.mark.parametrize(
    "given",
    ["rport.txt", "reports/17", "/no/such/报告", r"C:\reports\张三", "../17", "2024/17", "17.docx"],
)
def test_a_mistyped_file_is_not_read_as_a_report(told, scan, command, tmp_path, given):
    words = ["predict", scan, "--run", told.path, "--out", tmp_path / "out", "--report"]
    assert "no such file. Give a file of the report, or its text" in command(*words, given)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "given",
    [
        "见异常放射性浓聚。" * 100,  # too long for a file name
        "左侧第5/6肋浓聚",
        "左/右肋浓聚。",
        "uptake in rib 5 and/or 6",
        "骨转移",
    ],
)
def test_a_text_is_not_taken_for_a_file(told, scan, command, tmp_path, given):
    words = ["predict", scan, "--run", told.path, "--out", tmp_path / "out", "--report"]
    assert "lesions 1" in command(*words, given)


@pytest.mark.parametrize("ending", ["csv", "TSV", "xlsx", "json", "rtf", "html", "docx", "pdf"])
def test_a_file_that_is_no_report_in_plain_text_is_refused(told, scan, command, tmp_path, ending):
    file = tmp_path / f"reports.{ending}"
    file.write_text("检查号,报告\n1,骨转移。\n2,正常。", "utf-8")
    words = ["predict", scan, "--run", told.path, "--out", tmp_path / "out", "--report"]
    assert f"is a .{ending} file: a table holds reports of many" in command(*words, file)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_text_is_refused(told, scan, command, tmp_path):
    (tmp_path / "report.txt").write_bytes(b"%PDF\0\xff\xfe")
    words = ["predict", scan, "--run", told.path, "--out", tmp_path / "out", "--report"]
    assert "is no text in UTF-8, UTF-16 or GB18030" in command(*words, tmp_path / "report.txt")


def test_a_place_that_cannot_be_written_is_told_before_the_scan_is_read(command, tmp_path):
    (tmp_path / "mine").write_text("mine")
    for out in (tmp_path / "mine", tmp_path / "mine" / "out"):
        said = command("predict", "no scan", "--out", out)
        assert f"{out}: cannot be written: a file lies where a folder is needed" in said
    assert (tmp_path / "mine").read_text() == "mine"


def test_weights_of_another_network_are_refused(make_run, scan, command, tmp_path):
    run = make_run()
    save_file({}, run.path / "weights.safetensors")
    said = command("predict", scan, "--run", run.path, "--out", tmp_path / "out")
    assert "does not fit the network" in said
    assert not (tmp_path / "out").exists()


def test_a_network_that_diverged_is_not_read_as_no_lesions(make_run, scan, command, tmp_path):
    run = make_run()
    save_file({"level": torch.tensor(torch.nan)}, run.weights)
    said = command("predict", scan, "--run", run.path, "--out", tmp_path / "out")
    assert f"{run.path}: prediction of 'scan' ranges from nan to nan" in said
    assert "training has diverged" in said
    assert not (tmp_path / "out").exists()


def test_the_overlay_is_a_picture_of_both_views(make_run, scan, command, tmp_path):
    command("predict", scan, "--run", make_run().path, "--out", tmp_path / "out")
    picture = Image.open(BytesIO((tmp_path / "out" / "overlay.png").read_bytes()))
    assert picture.width > 500
    assert picture.height > 1000


def test_the_real_scan_that_travels_with_pydicom_goes_through(tmp_path, command):
    pytest.importorskip("libjpeg", reason="12-bit JPEG needs the extra gpl-decoders")
    folder = tmp_path / "run"
    words = ["model.base_channels=4", "model.depth=3", "data.encode.rebin=4"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        where = [f"store={tmp_path}", f"run={folder}"]
        cfg = compose("train", ["experiment=text_fused", *words, *where])
    torch.manual_seed(0)
    run = Run.start(folder, OmegaConf.to_container(cfg, resolve=True), {"store_digest": "abc"})
    network = instantiate(cfg.model)
    save_file(
        {k: v.contiguous() for k, v in network.state_dict().items()}, folder / "weights.safetensors"
    )
    scan = get_testdata_file("JPGExtended.dcm", download=False)

    said = command(
        "predict", scan, "--run", run.path, "--out", tmp_path / "out", "--report", REPORT
    )

    assert "One view only" in said
    about = lesions(tmp_path / "out")
    assert about["report_read"]
    assert about["scan"]["views"] == ["anterior"]
    assert about["scan"]["size_px"] == [1024, 256]
    assert np.asarray(Image.open(tmp_path / "out" / "mask_anterior.png")).shape == (1024, 256)
