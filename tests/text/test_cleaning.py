from mmseg_bone.text.cleaning import clean


def test_full_and_half_width_become_one():
    assert clean("９９ｍＴｃ－ＭＤＰ：　左侧（第５肋），①。") == "99mTc-MDP: 左侧(第5肋),1。"


def test_white_space_becomes_one_blank():
    assert clean(" 左侧\r\n\t 肋骨 ") == "左侧 肋骨"
    assert clean("\n ") == ""
