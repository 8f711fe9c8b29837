"""Which words of the command line are quoted for Hydra, and which stay as they are."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from mmseg_bone.cli import main
from mmseg_bone.cli.quoting import quoted
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from tests.cli.studies import patients
from tests.cli.test_train import QUICK


@pytest.mark.parametrize(
    ("word", "told", "value"),
    [
        ("store=骨显像", "store='骨显像'", "骨显像"),
        ("store=我的 数据/x", "store='我的 数据/x'", "我的 数据/x"),
        ("+columns.patient=病人", "+columns.patient='病人'", "病人"),
        ("store=C:\\骨\\x", "store='C:\\骨\\x'", "C:\\骨\\x"),
        ("store=骨\\\\", "store='骨\\\\\\\\'", "骨\\\\"),  # two at the end, each told by two
        ("store=a=b", "store='a=b'", "a=b"),
        ("store=data~ (1)", "store='data~ (1)'", "data~ (1)"),
        ("hydra.run.dir=骨/${name}", "hydra.run.dir='骨/${name}'", "骨/${name}"),
        # What Hydra reads stays as it is.
        ("store=my data/x", "store=my data/x", "my data/x"),
        ("store=C:\\x", "store=C:\\x", "C:\\x"),
        ("store='骨显像'", "store='骨显像'", "骨显像"),
        ("x=[a,b]", "x=[a,b]", ["a", "b"]),
        ("x={a:1}", "x={a:1}", {"a": 1}),
        ("~key", "~key", None),
        ("x=", "x=", ""),
        ("fold=1", "fold=1", 1),
    ],
)
def test_a_value_that_hydra_cannot_read_bare_is_quoted_and_means_what_it_says(word, told, value):
    assert quoted([word]) == [told]
    assert quoted([told]) == [told]  # other processes of a training are given it again
    assert OverridesParser.create().parse_override(told).value() == value


@pytest.mark.parametrize(
    "word",
    [
        "store=a,b",
        "store=骨,肺",
        "x=[骨]",
        "x={a:骨}",
        "x=tag(骨)",
        'x="骨',
        "x=a'骨",
        "store=~/骨",  # the shell's; it would be a folder of that name
        "骨=1",
        "-m",
        "--config-dir=骨",
        "骨显像",
        "",
    ],
)
def test_what_is_meant_otherwise_is_hydras_to_read_or_to_refuse(word):
    assert quoted([word, "fold=0"]) == [word, "fold=0"]


@pytest.mark.parametrize("flags", [[], ["-m"]])
def test_a_training_in_a_folder_with_any_name_runs_to_its_end(flags, tmp_path):
    folder = tmp_path / "骨显像 2024 = 全部"
    store = Store.write(folder / "我的 数据", patients(6), {f"p{i}": i % 3 for i in range(6)})
    run = folder / "run"
    out = f"hydra.sweep.dir={folder} hydra.sweep.subdir=run" if flags else f"hydra.run.dir={run}"
    words = out.replace(" hydra", "\nhydra").split("\n")
    main(["train", *flags, *QUICK, "trainer.max_epochs=1", f"store={store.path}", *words])
    assert Run(run).predicted == ["s0", "s3"]
    assert Run(run).config["store"] == str(store.path)


def test_phantoms_are_put_in_a_folder_with_any_name(tmp_path):
    main(["phantom", "n=1", "folds=1", "workers=1", f"store={tmp_path}/骨 = 一"])
    assert len(Store(tmp_path / "骨 = 一")) == 1
