"""Who may import whom. Changing the house is one line here, in the same commit."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1] / "mmseg_bone"
EVERYONE = {"errors", "anatomy"}  # may be imported anywhere
FREE = {"cli", "__init__"}  # may import anything
NOUNS = {"study"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "anatomy": set(),
    "study": set(),
    "io": NOUNS,
    "imaging": NOUNS,
    "text": NOUNS,
    "phantom": NOUNS,
    "nn": set(),
    "losses": set(),
    "metrics": {"imaging"},
    "models": {"nn", "text"},
    "data": NOUNS | {"io", "imaging", "text"},
    "tasks": {"nn", "losses", "metrics", "data", "imaging", "text"},
    "analysis": NOUNS | {"io", "metrics", "imaging"},
}
DOORS: dict[str, set[str]] = {
    "pydicom": {"io"},
    "transformers": {"text"},
    "jieba": {"text"},
    "albumentations": {"imaging"},
    "cv2": {"imaging"},
    "PIL": {"io"},
    "pytorch_lightning": {"data", "tasks", "cli"},
    "hydra": {"cli"},
    "omegaconf": {"cli"},
    "typer": {"cli"},
    "matplotlib": {"analysis"},
    "sklearn": {"analysis"},
    "wandb": set(),  # conf/logger/wandb.yaml names it; nobody imports it
}
NO_TORCH = {"study", "io", "imaging", "phantom", "metrics", "analysis"}


def imports():
    for path in sorted(ROOT.rglob("*.py")):
        package = path.relative_to(ROOT).parts[0].removesuffix(".py")
        at = path.relative_to(ROOT.parent)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield package, alias.name, f"{at}:{node.lineno}"
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{at}:{node.lineno}: say the whole name of the module"
                yield package, node.module, f"{at}:{node.lineno}"


def test_imports_only_go_down():
    ours = [(me, m.split(".")[1], at) for me, m, at in imports() if m.startswith("mmseg_bone.")]
    assert ours
    assert not [
        f"{at}: {me} imports {it}"
        for me, it, at in ours
        if me not in FREE and it not in MAY_IMPORT[me] | EVERYONE | {me}
    ]


def test_every_package_has_a_place():
    packages = {path.stem for path in ROOT.iterdir() if path.suffix in ("", ".py")}
    assert packages - {"__pycache__", "conf", "shipped"} <= MAY_IMPORT.keys() | FREE


def test_each_library_comes_in_by_its_door():
    assert not [
        f"{at}: {me} imports {module}"
        for me, module, at in imports()
        if me not in DOORS.get(module.split(".")[0], {me})
    ]


def test_pixels_and_files_need_no_torch():
    assert not [
        f"{at}: {me} imports {module}"
        for me, module, at in imports()
        if me in NO_TORCH and module.split(".")[0] in ("torch", "pytorch_lightning", "transformers")
    ]
