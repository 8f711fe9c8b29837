"""Invented identities, planted in a report so that taking them out can be tested."""

import numpy as np

from mmseg_bone.phantom.dice import chance, one_of
from mmseg_bone.study import Report

_SURNAMES = ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "欧阳", "司马")
_GIVEN = (
    "伟",
    "芳",
    "秀英",
    "建国",
    "志强",
    "丽娟",
    "明远",
    "淑珍",
    "海涛",
    "玉兰",
    "文博",
    "国庆",
)
_CITIES = ("江北", "东岭", "西河", "南屏", "临川", "青石")
_HOSPITALS = ("市人民医院", "市第一医院", "医学院附属医院", "市肿瘤医院", "县中心卫生院")
_NUMBERS = ("住院号", "门诊号", "检查号", "影像号", "病案号", "登记号")


def plant_identity(report: Report, rng: np.random.Generator) -> tuple[Report, tuple[str, ...]]:
    """The report with an invented patient, hospital and physicians in it.

    They stand where real ones do: in a header, in running text (与我院2022-05-12前片比较), in
    brackets and under the report. Nobody has these names and numbers; the identity number's
    birth date lies in the future, so that it cannot be somebody's.

    Args:
        report: One without identity, as ``write_report`` makes it.
        rng: Where every draw comes from.

    Returns:
        The report, and every string in it that would give the patient away.
    """
    name, doctor, auditor = (_name(rng) for _ in range(3))
    hospital = one_of(rng, _CITIES) + one_of(rng, _HOSPITALS)
    elsewhere = one_of(rng, _CITIES) + one_of(rng, _HOSPITALS)
    label, number = one_of(rng, _NUMBERS), f"{int(rng.integers(10**7, 10**8))}"
    identity = f"{int(rng.integers(110000, 659999))}2{int(rng.integers(100, 999))}"
    identity += f"{int(rng.integers(1, 13)):02d}{int(rng.integers(1, 29)):02d}"
    identity += f"{int(rng.integers(0, 1000)):03d}" + one_of(rng, "0123456789X")
    phone = f"1{one_of(rng, '3456789')}{int(rng.integers(10**8, 10**9))}"
    before, today = _date(rng), _date(rng)
    header = f"姓名：{name}，{label}：{number}，身份证号：{identity}，电话：{phone}。"
    history = f"与我院{before}前片比较。"
    if chance(rng, 0.5):
        history = f"与外院（{elsewhere}）{before}前片比较。"
    signature = f"\n{hospital}\n报告医师：{doctor}，审核医师：{auditor}，报告日期：{today}"
    planted = Report(
        findings=header + report.findings + history, impression=report.impression + signature
    )
    secrets = (name, doctor, auditor, hospital, elsewhere, number, identity, phone, before, today)
    return planted, tuple(secret for secret in dict.fromkeys(secrets) if secret in planted.text)


def _name(rng: np.random.Generator) -> str:
    return one_of(rng, _SURNAMES) + one_of(rng, _GIVEN)


def _date(rng: np.random.Generator) -> str:
    year, month = int(rng.integers(2015, 2025)), int(rng.integers(1, 13))
    day = int(rng.integers(1, 29))
    if chance(rng, 0.5):
        return f"{year}-{month:02d}-{day:02d}"
    return f"{year}年{month}月{day}日"
