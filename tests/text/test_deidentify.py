import pytest

from mmseg_bone.study import Report
from mmseg_bone.text.deidentify import deidentify, deidentify_report


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("姓名：张三丰 性别：男", "张三丰"),
        ("姓名:张三丰性别:男", "张三丰"),
        ("患者张三丰，男，67岁，因骨痛就诊", "张三丰"),
        ("患者：欧阳修 女", "欧阳修"),
        ("张三丰，男，67岁。", "张三丰"),
        ("报告医师：李四光 审核医师：王五", "李四光"),
        ("报告医师：李四光 审核医师：王五", "王五"),
        ("送检医生 赵六", "赵六"),
        ("审核：钱学明", "钱学明"),
        ("已电话告知李四医生", "李四"),
        ("住院号：H0098765", "0098765"),
        ("门诊号 12345", "12345"),
        ("影像号:NM-2024-0017", "NM-2024"),
        ("检查号ＥＣＴ００９８７", "00987"),
        ("身份证号11010519510213002X", "19510213"),
        ("联系电话13912345678", "13912345678"),
        ("电话 010-62345678", "62345678"),
        ("社会保险号：8812345678", "8812345678"),
        ("与2023-05前片比较", "2023"),
        ("与我院2022年5月12日前片比较", "12日"),
        ("检查日期：20240607", "20240607"),
        ("报告时间 2024/06/07 10:20:33", "10:20"),
        ("5月12日外院CT示", "5月12日"),
        ("2021年行手术", "2021"),
        ("北京协和医院CT示骨质破坏", "协和"),
        ("与兰州大学第二医院前片比较", "兰州"),
        ("在甘肃省肿瘤医院手术", "甘肃"),
        ("家庭住址：甘肃省兰州市城关区东岗西路199号", "东岗"),
        ("甘肃省兰州市东岗西路199号", "东岗西路"),
        ("工作单位：第一机床厂", "机床"),
        ("患者男，67岁", "67"),
        ("Name: John Smith, age 67", "Smith"),
        ("Reported by: Jane Q Doe", "Doe"),
        ("discussed with Dr. House", "House"),
        ("compared with 12 May 2022", "2022"),
        ("compared with May 12, 2022", "2022"),
        ("MRN 0098765", "0098765"),
        ("mail zhang@pumch.cn", "zhang"),
    ],
)
def test_identity_is_taken_out(text, secret):
    cleaned = deidentify(text)
    assert secret not in cleaned
    assert "[" in cleaned
    assert deidentify(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "静脉注射99mTc-MDP 740MBq后约3h行全身骨骼前、后位平面显像。",
        "患者双侧肩关节放射性对称性增高，患者高位截瘫。",
        "胸骨体、第8、10胸椎、第2、3腰椎、左侧第4、6后肋、右侧第7前肋见浓聚，L3-L5、T11-L1。",
        "报告提示骨转移，请临床医生结合病史，建议到上级医院行MRI检查。",
        "以左侧髂骨为中心的浓聚，病变中心放射性缺损，大小约2.5cm×1.8cm，比值1:1.5。",
        "双肾及膀胱显影，尿路放射性为正常排泄所致。",
        "与我院前片比较，外院CT示硬化，余未见明显异常。",
        "右侧第5前肋点状浓聚，考虑外伤或炎性病变，转移待排，建议3个月后复查。",
        "总计数约2.5M，采集矩阵256×1024，扫描速度15cm/min，能窗140keV±10%。",
        "1.全身多发骨代谢增高灶，符合多发骨转移。2.以上请结合病史及其他影像学检查。",
        "方案审核后，报告如下；金属植入物，石膏固定，白细胞升高，余骨未见异常。",
        "Uptake in left rib 5 and L3; metastasis possible. May be degenerative.",
    ],
)
def test_what_a_report_says_of_the_bones_stays(text):
    assert deidentify(text) == text


def test_known_names_and_keys_go_wherever_they_stand():
    text = "张三丰骨转移；zhang san，片号12，第12胸椎，L12，见H-77"
    assert deidentify(text, ["张三丰", "ZHANG SAN", "H-77", "丰"]) == (
        "[隐去]骨转移；[隐去]，片号12，第12胸椎，L12，见[隐去]"
    )


def test_a_known_key_is_not_cut_out_of_a_longer_word():
    assert deidentify("T12与A12、120", ["A1", "12"]) == "T12与A12、120"


def test_both_parts_of_a_report_are_cleaned():
    report = Report(findings="与2023-05前片比较，左侧髂骨浓聚", impression="李四医生，转移")
    assert deidentify_report(report) == Report(
        findings="与[日期]前片比较，左侧髂骨浓聚", impression="[姓名]医生，转移"
    )


def test_an_empty_report_stays_empty():
    assert deidentify("") == ""
    assert deidentify_report(Report()) == Report()
