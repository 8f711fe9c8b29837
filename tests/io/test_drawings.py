import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from mmseg_bone.errors import DrawingError
from mmseg_bone.io.drawings import read_drawing

SHAPE = (8, 10)


def labelme(path, *shapes, size=SHAPE, encoding="utf-8"):
    drawing = {
        "version": "5.4.1",
        "flags": {},
        "imagePath": "ZHANGSAN.png",
        "imageHeight": size[0],
        "imageWidth": size[1],
        "shapes": list(shapes),
    }
    path.write_bytes(json.dumps(drawing, ensure_ascii=False).encode(encoding))
    return path


def shape(points, kind="polygon", label="metastasis", **more):
    return {"label": label, "points": points, "shape_type": kind, **more}


def box(rows, columns):
    mask = np.zeros(SHAPE, bool)
    mask[rows, columns] = True
    return mask


def png(path, values):
    Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("value", [1, 255])
def test_every_value_but_zero_is_lesion(tmp_path, dtype, value):
    mask = box(slice(2, 4), 5)
    path = png(tmp_path / "m.png", mask.astype(dtype) * value)
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE), mask)


def test_one_bit_and_palette_masks_are_read(tmp_path):
    mask = box(2, slice(5, 8))
    np.testing.assert_array_equal(read_drawing(png(tmp_path / "1.png", mask), shape=SHAPE), mask)
    palette = Image.fromarray(mask.astype(np.uint8) * 3)
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    assert palette.mode == "P"
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_drawing(tmp_path / "p.png", shape=SHAPE), mask)


def test_an_empty_mask_is_an_answer(tmp_path):
    path = png(tmp_path / "m.png", np.zeros(SHAPE, np.uint8))
    assert not read_drawing(path, shape=SHAPE).any()
    assert not read_drawing(labelme(tmp_path / "m.json"), shape=SHAPE).any()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((*SHAPE, 3), np.uint8), r"colour picture \(RGB\)"),
        (np.zeros((4, 5), np.uint8), "is 4×5, its view 8×10"),
        (np.zeros(SHAPE[::-1], np.uint8), "is 10×8, its view 8×10"),
        (np.arange(80, dtype=np.uint8).reshape(SHAPE), "80 grey values: a picture of the scan"),
        (np.ones(SHAPE, np.uint8), "marks 100% of the view"),
    ],
)
def test_a_picture_that_is_no_mask_is_refused(tmp_path, values, words):
    with pytest.raises(DrawingError, match=words):
        read_drawing(png(tmp_path / "m.png", values), shape=SHAPE)


def test_a_polygon_fills_the_pixels_whose_centres_lie_inside(tmp_path):
    # A square from corner (2, 1) to corner (5, 4): 3×3 pixels, and no outline around them.
    path = labelme(tmp_path / "m.json", shape([[2, 1], [5, 1], [5, 4], [2, 4]]))
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE), box(slice(1, 4), slice(2, 5)))


def test_a_triangle_by_hand(tmp_path):
    # Right angle at (0, 0), legs of 4.2: centres with x + y < 4.2 are in; row by row 4, 3, 2, 1.
    path = labelme(tmp_path / "m.json", shape([[0, 0], [4.2, 0], [0, 4.2]]))
    mask = read_drawing(path, shape=SHAPE)
    assert mask[:5].sum(axis=1).tolist() == [4, 3, 2, 1, 0]
    assert mask[:4, 0].all()


def test_a_polygon_up_to_the_edges_stays_inside(tmp_path):
    path = labelme(tmp_path / "m.json", shape([[7, 6], [10, 6], [10, 8], [7, 8]]))
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE), box(slice(6, 8), slice(7, 10)))


def test_a_rectangle_and_a_circle_by_hand(tmp_path):
    path = labelme(tmp_path / "r.json", shape([[6, 5], [3, 2]], "rectangle"))
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE), box(slice(2, 5), slice(3, 6)))
    # Around the centre of pixel (4, 4), of radius 1: the pixel and its four neighbours.
    path = labelme(tmp_path / "c.json", shape([[4.5, 4.5], [5.5, 4.5]], "circle"))
    expected = box(4, slice(3, 6)) | box(slice(3, 6), 4)
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE), expected)


def test_a_bitmap_lies_where_its_corner_is(tmp_path):
    bitmap = np.array([[1, 0, 1], [1, 1, 0]], bool)
    buffer = io.BytesIO()
    Image.fromarray(bitmap).save(buffer, "PNG")
    code = base64.b64encode(buffer.getvalue()).decode()
    path = labelme(tmp_path / "m.json", shape([[4, 3], [6, 4]], "mask", mask=code))

    mask = read_drawing(path, shape=SHAPE)

    np.testing.assert_array_equal(mask[3:5, 4:7], bitmap)
    assert mask.sum() == 4


def test_labels_say_what_is_a_metastasis(tmp_path):
    path = labelme(
        tmp_path / "m.json",
        shape([[1, 1], [2, 2]], "rectangle", label="骨转移"),
        shape([[3, 3], [4, 4]], "rectangle", label="Benign"),
        encoding="gb18030",
    )
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE), box(1, 1))

    labels = {"骨转移": False, "benign": True}
    np.testing.assert_array_equal(read_drawing(path, shape=SHAPE, labels=labels), box(3, 3))


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (shape([[1, 1], [2, 2]], "rectangle", label="灶1"), "labels.*'灶1'.*--label NAME=yes"),
        (shape([[1, 1], [11, 1], [5, 5]]), "point at x=11, y=1, outside the picture of 10 columns"),
        (shape([[1, 1], [-2, 1], [5, 5]]), "x=-2"),
        (shape([[1, 1], [2, 2]]), "polygon of 2 points"),
        (shape([[1, 1], [2, 2]], "line"), "is a line of 2 points"),
        (shape([[1.7, 1.7], [1.9, 1.7], [1.8, 1.9]]), "covers no pixel's centre"),
        (shape([["a", 1], [2, 2], [3, 3]]), "no points that are pairs"),
        (shape([], "polygon"), "no points"),
        (shape([[1, 1], [2, 2]], "mask", mask="%%"), "mask without a readable picture"),
    ],
)
def test_a_shape_that_cannot_be_meant_is_refused(tmp_path, part, words):
    with pytest.raises(DrawingError, match=words):
        read_drawing(labelme(tmp_path / "m.json", part), shape=SHAPE)


def test_a_drawing_of_another_size_or_kind_is_refused(tmp_path):
    with pytest.raises(DrawingError, match="picture of 4×5, its view is 8×10"):
        read_drawing(labelme(tmp_path / "m.json", size=(4, 5)), shape=SHAPE)
    for name, content, words in [
        ("m.jpg", b"", "is a .jpg file"),
        ("m.png", b"\x89PNG\r\n\x1a\n", "no PNG|damaged"),
        ("x.png", b"GIF89a", "no PNG"),
        ("m.json", b"[1, 2]", "no LabelMe"),
        ("n.json", b"{", "no LabelMe"),
        ("o.json", b"\xff\xfe\x00", "no LabelMe"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DrawingError, match=words):
            read_drawing(tmp_path / name, shape=SHAPE)
    with pytest.raises(DrawingError, match="cannot be opened"):
        read_drawing(tmp_path / "nowhere.png", shape=SHAPE)
