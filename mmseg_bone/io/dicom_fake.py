"""Made-up identities, planted wherever real files and reports carry one, to be left behind."""

import hashlib
from dataclasses import dataclass

from pydicom import Dataset

from mmseg_bone.study import Report

_SURNAMES = (
    ("ZHAO", "赵"),
    ("QIAN", "钱"),
    ("SUN", "孙"),
    ("LI", "李"),
    ("ZHOU", "周"),
    ("WU", "吴"),
)
_GIVEN = (("JIANGUO", "建国"), ("XIULAN", "秀兰"), ("GUIYING", "桂英"), ("YULAN", "玉兰"),
          ("DEHUA", "德华"), ("SHUZHEN", "淑珍"))  # fmt: skip
_PHYSICIANS = ("欧阳文博", "司徒志远", "诸葛雨晴")
_HOSPITALS = ("虚构市第九人民医院", "杜撰县中心医院")
_TELLING = 5  # letters
_PRIVATE_OWNER, _PATIENT_OBJECT_NAME = "GEMS_GENIE_1", 0x40  # (0009,1040)


@dataclass(frozen=True, kw_only=True)
class FakeIdentity:
    """Who a phantom pretends to be.

    Attributes:
        name: In Latin letters, family name first, joined by ``^``.
        chinese_name: The same in characters.
        patient: Hospital number.
        accession: Number of the examination.
        citizen: Number of the identity card, 18 digits.
        birth_date: YYYYMMDD.
        study_date: YYYYMMDD.
        hospital: Its name.
        physician: Who signs the report.
        phone: 11 digits.
    """

    name: str
    chinese_name: str
    patient: str
    accession: str
    citizen: str
    birth_date: str
    study_date: str
    hospital: str
    physician: str
    phone: str

    @classmethod
    def of(cls, patient: str, study: str) -> "FakeIdentity":
        """The made-up identity of a patient, always the same one, at one of their visits.

        Args:
            patient: Key of the patient.
            study: Key of the study.
        """
        person, visit = _numbers(f"patient/{patient}"), _numbers(f"study/{study}")
        family, family_chinese = _SURNAMES[person[0] % len(_SURNAMES)]
        given, given_chinese = _GIVEN[person[1] % len(_GIVEN)]
        birth = f"{1940 + person[2] % 45}{1 + person[3] % 12:02d}{1 + person[4] % 28:02d}"
        return cls(
            name=f"{family}^{given}",
            chinese_name=family_chinese + given_chinese,
            patient=f"H{_digits(person, 9)}",
            accession=f"NM{_digits(visit, 10)}",
            citizen=f"990101{birth}{_digits(person[9:], 3)}X",  # no place has the code 990101
            birth_date=birth,
            study_date=f"{2012 + visit[0] % 12}{1 + visit[1] % 12:02d}{1 + visit[2] % 28:02d}",
            hospital=_HOSPITALS[visit[3] % len(_HOSPITALS)],
            physician=_PHYSICIANS[visit[4] % len(_PHYSICIANS)],
            phone=f"199{_digits(person[12:], 8)}",
        )

    @property
    def strings(self) -> tuple[str, ...]:
        """What must not be found in anything made from what it was planted in.

        A family name of two letters is not among them: counts spell it by chance.
        """
        return (
            self.name,
            *(part for part in self.name.split("^") if len(part) >= _TELLING),
            self.chinese_name,
            self.patient,
            self.accession,
            self.citizen,
            self.birth_date,
            self.study_date,
            self.hospital,
            self.physician,
            self.phone,
        )

    def plant(self, dataset: Dataset) -> None:
        """Put it where real files carry it, a maker's private tag among them."""
        dataset.PatientName = f"{self.name}={self.chinese_name}"
        dataset.PatientID, dataset.OtherPatientIDs = self.patient, self.citizen
        dataset.AccessionNumber, dataset.StudyID = self.accession, self.accession[:16]
        dataset.PatientBirthDate = self.birth_date
        for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            setattr(dataset, keyword, self.study_date)
        dataset.InstitutionName, dataset.StationName = self.hospital, self.accession
        dataset.ReferringPhysicianName = dataset.OperatorsName = self.physician
        dataset.PatientTelephoneNumbers = self.phone
        dataset.SeriesDescription = f"Whole Body Bone {self.name}"
        dataset.ImageComments = f"{self.chinese_name} {self.patient}"
        block = dataset.private_block(0x0009, _PRIVATE_OWNER, create=True)
        block.add_new(_PATIENT_OBJECT_NAME, "PN", self.name)

    def plant_in_report(self, report: Report) -> Report:
        """A report with a letter's head and a signature, as some archives export it."""
        head = (
            f"{self.hospital} 姓名：{self.chinese_name} 病历号：{self.patient} "
            f"检查号：{self.accession} 身份证号：{self.citizen} 电话：{self.phone} "
        )
        date = f"{self.study_date[:4]}-{self.study_date[4:6]}-{self.study_date[6:]}"
        tail = f" 报告医师：{self.physician} 报告日期：{date}"
        return Report(findings=head + report.findings, impression=report.impression + tail)


def _numbers(seed: str) -> bytes:
    return hashlib.sha256(seed.encode()).digest()


def _digits(numbers: bytes, count: int) -> str:
    return "".join(str(number % 10) for number in numbers[:count])
