import numpy as np
import pytest

from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.wording.report import write_report
from mmseg_bone.phantom.wording.styles import styles
from mmseg_bone.study import Report
from mmseg_bone.text.deidentify import deidentify, deidentify_report
from mmseg_bone.text.report import normalise


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


@pytest.mark.parametrize(
    "text",
    [
        # levels joined by strokes, no days
        "胸10/11/12椎体放射性浓聚。",
        "T10/11/12椎体浓聚，T12/11/10椎体较前减低。",
        "胸椎9/10/11/12见斑片状浓聚。",
        "右侧第8-9-10后肋浓聚，考虑外伤所致。",
        "左侧5/7/10前肋点状浓聚，位于8/9/10胸椎旁。",
        "双侧多根肋骨浓聚（左侧8/9/10，右侧9/10/11）。",
        "右侧第10-11-12后肋术后改变。",
        "双侧肋骨多发浓聚，8/9/10明显。",
        # levels, tracers and amounts after words that numbers of files follow, too
        "同机CT检查T12椎体溶骨性破坏。",
        "CT影像L4见骨质破坏，影像T11-L1楔形变。",
        "临床T2N0M0，临床L4压痛，请结合临床.L5未见异常。",
        "建议行MRI检查.L4浓聚，考虑退行性变。",
        "检查：T12椎体破坏。",
        "检查10、11胸椎浓聚；影像25mm结节；住院10天后骨痛减轻。",
        "本次检查99mTc-MDP骨显像，外院检查18F-FDG PET/CT，检查CA125升高。",
        "总计数约2500000，后位计数：2350000，采集1200000 counts。",
        "No L4 lesion is seen; marked uptake, decreased 2000 counts.",
        # illnesses and findings where a name may stand
        "外院CT报告：腰椎转移。",
        "外院报告：未见异常。病理报告：腺癌。病理报告：高度可疑。",
        "我院报告：单发转移。送检：左侧髂骨。外院报告：单发。",
        "患者：近期骨痛。病理医师：正常。",
        "患者白血病。患者：骨痛待查。患者白内障，术后。",
        "患者石膏固定，L3骨折。患者：石膏固定。患者金属植入物，骨痛。",
        "请骨科医生 结合临床。报告医师\n腰椎转移",
        "骨痛，白血病，男性乳腺发育。",
        "Patient: Bone pain in left rib 5. Patient: known prostate cancer.",
        # ratios and places, no times
        "比值约1:15，信噪1:15，靶本底比3:10，左右之比为2：15。",
        "1：12胸椎浓聚 2：10胸椎浓聚",
        "左乳3:00方向肿块，乳腺癌骨转移。",
        # tumours and findings, no hospitals
        "左髂骨肿瘤中心坏死，右侧肱骨恶性肿瘤中心放射性缺损，右侧浸润性肿瘤中心坏死。",
    ],
)
def test_what_looks_like_identity_and_is_clinical_stays(text):
    assert deidentify(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        # the same shapes, and identity
        ("与10/11/12前片比较", "与[日期]前片比较"),
        ("于8/9/10行腰椎手术", "于[日期]行腰椎手术"),
        ("于5/7/10胸椎CT示L4破坏", "于[日期]胸椎CT示L4破坏"),
        ("右侧5/7/10术后，左侧10/12/22骨折", "右侧[日期]术后，左侧[日期]骨折"),
        ("胸椎10/11/22行CT，胸椎08/09/10行MR", "胸椎[日期]行CT，胸椎[日期]行MR"),
        ("右髋12/05/22术后", "右髋[日期]术后"),
        ("腰椎5/6/10行MR", "腰椎[日期]行MR"),
        ("L3压痛，05/06/10外院CT", "L3压痛，[日期]外院CT"),
        ("复查（8/9/10）", "复查（[日期]）"),
        ("12-05-2022至01-06-22", "[日期]至[日期]"),
        ("检查号：T12", "检查号[号码]"),
        ("影像号L4", "影像号[号码]"),
        ("床：T12，L4压痛", "床[号码]，L4压痛"),
        ("编号L4", "编号[号码]"),
        ("检查00987，T12破坏", "检查[号码]，T12破坏"),
        ("影像NM-2024-0017示L4破坏", "影像[号码]示L4破坏"),
        ("MRN T12345, ID L4", "MRN[号码], ID[号码]"),
        ("片号0098765.左侧髂骨浓聚", "片号[号码].左侧髂骨浓聚"),
        ("骨转移请发至zhang@pumch.cn左侧", "骨转移请发至[号码]左侧"),
        ("于1:15，骨显像；1:15采集", "于[时间]，骨显像；[时间]采集"),
        ("2024-06-07 1:15采集", "[日期][时间]采集"),
        ("10:20报告，比值1:15", "[时间]报告，比值1:15"),
        ("报告：李四光", "报告：[姓名]"),
        ("报告 于明 审核：亓明", "报告 [姓名] 审核：[姓名]"),
        ("报告者：高明。审核者：白云飞", "报告者：[姓名]。审核者：[姓名]"),
        ("送检：关羽，左侧髂骨", "送检：[姓名]，左侧髂骨"),
        ("患者：张三腰痛，", "患者：[姓名]腰痛，"),
        ("患者白玉，女", "患者[姓名]，女"),
        ("患者石磊，L3骨折", "患者[姓名]，L3骨折"),
        ("已告知白血科李四医生", "已告知白血科[姓名]医生"),
        ("曾小明，男，67岁，白血病", "[姓名]，男，[年龄]，白血病"),
        ("Patient: John Smith, left rib 5", "Patient: [姓名], left rib 5"),
        ("左侧髂骨转移治疗后复查北京协和医院CT", "左侧髂骨转移治疗后复查[医院]CT"),
        ("腰椎转移甘肃省肿瘤医院就诊", "腰椎转移[医院]就诊"),
        ("天津血液病医院示骨转移，北京甲状腺病医院CT", "[医院]示骨转移，[医院]CT"),
        ("中山大学肿瘤中心CT示L4破坏", "[医院]CT示L4破坏"),
    ],
)
def test_identity_goes_and_what_is_clinical_beside_it_stays(text, cleaned):
    assert deidentify(text) == cleaned
    assert deidentify(cleaned) == cleaned


@pytest.mark.parametrize("style", styles())
def test_the_report_of_a_phantom_stays_and_the_identity_planted_in_it_goes(style):
    """Nobody stands in the wording of phantoms; then somebody does, behind every sentence."""
    for seed in range(60):
        plan = sample_plan(np.random.default_rng(seed))
        text = normalise(write_report(plan, np.random.default_rng([seed, 1]), style)[0].text)
        assert deidentify(text) == text
        planted = (
            text.replace("。", "。与2024-06-07前片比较，检查号：T12345。") + "报告医师：李四光"
        )
        cleaned = deidentify(planted)
        assert not any(secret in cleaned for secret in ("2024", "12345", "李四光"))
        assert cleaned == (
            text.replace("。", "。与[日期]前片比较，检查号[号码]。") + "报告医师：[姓名]"
        )


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
