import pytest

from mmseg_bone.text.sites import find_sites, plain


def bones(text):
    return [bone for site in find_sites(plain(text)) for bone in site.bones]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("右侧第5前肋", ["rib_right_5"]),
        ("右第5前肋", ["rib_right_5"]),
        ("右5前肋", ["rib_right_5"]),
        ("左侧第五肋骨", ["rib_left_5"]),
        ("左侧第十二后肋", ["rib_left_12"]),
        ("左侧第３肋腋段", ["rib_left_3"]),
        ("右侧肋5(前)", ["rib_right_5"]),
        ("左侧第4、6后肋", ["rib_left_4", "rib_left_6"]),
        ("左侧第3至第5前肋", ["rib_left_3", "rib_left_4", "rib_left_5"]),
        ("左3-5前肋", ["rib_left_3", "rib_left_4", "rib_left_5"]),
        ("双侧第2肋", ["rib_left_2", "rib_right_2"]),
        ("左侧第5勒", ["rib_left_5"]),
        ("第3腰椎", ["L3"]),
        ("第8、10胸椎", ["T8", "T10"]),
        ("腰2、3椎体", ["L2", "L3"]),
        ("胸椎第12节", ["T12"]),
        ("第十一胸椎椎体左侧缘", ["T11"]),
        ("L3椎体", ["L3"]),
        ("T11-L1", ["T11", "T12", "L1"]),
        ("L3-L5", ["L3", "L4", "L5"]),
        ("T8、T10", ["T8", "T10"]),
        ("左侧髂骨及坐骨", ["ilium_left", "ischium_left"]),
        ("双侧股骨上段", ["femur_left", "femur_right"]),
        ("右侧股骨颈、肱骨头", ["femur_right", "humerus_right"]),
        ("左侧骼骨", ["ilium_left"]),
        ("左侧顶骨", ["skull"]),
        ("胸骨柄及胸骨体", ["manubrium", "sternum"]),
    ],
)
def test_names_of_bones(text, expected):
    assert bones(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "双侧膝关节",
        "骶髂关节",
        "耻骨",  # of which side?
        "SPECT/CT",
        "99mTc-MDP 740MBq后3h",
        "范围约2.3cm×1.9cm",
        "建议3个月后复查",
        "第13胸椎",
        "左侧第15肋",
        "",
    ],
)
def test_what_names_no_bone(text):
    assert bones(text) == []


def test_a_list_of_all_kinds_keeps_its_order():
    text = "第8、10胸椎、第2腰椎、左侧第4后肋、右侧第7前肋、双侧髂骨及右侧股骨上段"
    expected = ["T8", "T10", "L2", "rib_left_4", "rib_right_7"]
    assert bones(text) == [*expected, "ilium_left", "ilium_right", "femur_right"]


def test_what_is_named_together_is_marked():
    sites = find_sites("胸、腰椎多个椎体、左侧多根肋骨及骨盆多处")
    assert all(site.collective for site in sites)
    assert {len(site.bones) for site in sites} == {17, 12, 6}


def test_a_mention_of_the_skeleton_is_not_spoilt_by_the_spelling_repair():
    assert plain("全身骨骼显影") == "全身骨骼显影"
    assert plain("左侧骼骨、骼嵴") == "左侧髂骨、髂嵴"
