"""The demo chain's regions, stores and accounts: invented, and only ever loaded in demo mode."""

from __future__ import annotations

from dataclasses import dataclass

CHAIN = "Northgate Grocers"
PROGRAMME = "Store Standards"


@dataclass(frozen=True)
class DemoStore:
    """A store and how well it does: ``level`` and ``drift`` (per wave) on the logit scale."""

    code: str
    name: str
    format: str
    address: str
    latitude: float
    longitude: float
    level: float = 0.0
    drift: float = 0.0


@dataclass(frozen=True)
class DemoRegion:
    """A region; ``drift`` lifts or sinks all its stores per wave."""

    code: str
    name: str
    language: str
    time_zone: str
    currency: str
    fee: int
    stores: tuple[DemoStore, ...]
    drift: float = 0.0


REGIONS = (
    DemoRegion(
        "NW", "North-West", "en", "Europe/London", "GBP", 1800,
        (
            DemoStore("0417", "Harbour Street", "Supermarket", "14 Harbour Street", 53.4045, -2.9916, 0.9, -0.5),
            DemoStore("0418", "Mill Lane", "Supermarket", "2 Mill Lane", 53.4084, -2.9800, -0.25),
            DemoStore("0421", "Orchard Way", "Hypermarket", "90 Orchard Way", 53.4810, -2.2450, 0.85),
            DemoStore("0422", "Quayside", "Express", "5 Quayside", 53.4660, -2.2870, 0.05),
            DemoStore("0425", "Beacon Road", "Express", "31 Beacon Road", 53.7630, -2.7030, 0.1),
            DemoStore("0427", "Kingsmead", "Hypermarket", "1 Kingsmead Park", 53.1930, -2.8930, 0.95),
            DemoStore("0430", "Station Arcade", "Station", "Station Arcade 7", 53.4774, -2.2309, -0.35),
            DemoStore("0433", "Tannery Row", "Supermarket", "18 Tannery Row", 53.5780, -2.4290, 0.2),
        ),
    ),
    DemoRegion(
        "SE", "서울", "ko", "Asia/Seoul", "KRW", 25000,
        (
            DemoStore("1101", "강남점", "Hypermarket", "서울 강남구 테헤란로 120", 37.4990, 127.0310, 0.15),
            DemoStore("1102", "홍대점", "Express", "서울 마포구 양화로 160", 37.5560, 126.9230, -0.55),
            DemoStore("1103", "잠실점", "Hypermarket", "서울 송파구 올림픽로 240", 37.5110, 127.0980, 0.1),
            DemoStore("1104", "종로점", "Supermarket", "서울 종로구 종로 70", 37.5700, 126.9860, -0.4),
            DemoStore("1105", "서울역점", "Station", "서울 용산구 한강대로 405", 37.5547, 126.9707, -0.7),
            DemoStore("1106", "목동점", "Supermarket", "서울 양천구 목동동로 257", 37.5280, 126.8750, -0.1),
            DemoStore("1107", "노원점", "Supermarket", "서울 노원구 동일로 1414", 37.6550, 127.0610, -0.5),
            DemoStore("1108", "판교점", "Express", "경기 성남시 판교역로 146", 37.3920, 127.1120, 0.0),
        ),
        drift=0.21,
    ),
    DemoRegion(
        "TP", "台北", "zh_Hant", "Asia/Taipei", "TWD", 60000,
        (
            DemoStore("2101", "信義店", "Hypermarket", "台北市信義區松高路 12 號", 25.0390, 121.5660, 0.6),
            DemoStore("2102", "西門店", "Express", "台北市萬華區漢中街 50 號", 25.0440, 121.5070, 0.0),
            DemoStore("2103", "士林店", "Supermarket", "台北市士林區中正路 300 號", 25.0930, 121.5250, 0.25),
            DemoStore("2104", "板橋店", "Hypermarket", "新北市板橋區縣民大道 7 號", 25.0140, 121.4640, 0.35),
            DemoStore("2105", "台北車站店", "Station", "台北市中正區忠孝西路 49 號", 25.0478, 121.5170, -0.75),
            DemoStore("2106", "南港店", "Supermarket", "台北市南港區經貿二路 66 號", 25.0560, 121.6170, 0.3),
            DemoStore("2107", "內湖店", "Supermarket", "台北市內湖區成功路 188 號", 25.0830, 121.5920, 0.15),
            DemoStore("2108", "淡水店", "Express", "新北市淡水區中山路 25 號", 25.1690, 121.4430, 0.1),
        ),
    ),
)  # fmt: skip

CRITICAL_STORE = "0418"
CRITICAL_QUESTION = "SUP-RUL-04"
LENIENT_SHOPPER = 2
SHOPPERS = {"NW": (0, 1, 2), "SE": (3, 4), "TP": (5, 6)}
LENIENCE = 0.9


@dataclass(frozen=True)
class Account:
    """A demo sign-in. Its password is known to everybody, which is why demo mode serves loopback only."""

    role: str
    email: str
    name: str
    language: str = "en"
    stores: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @property
    def password(self) -> str:
        """The known password."""
        return f"demo-{self.email.split('@')[0]}-2026"


ACCOUNTS = (
    Account("shopper", "shopper@demo.example", "Demo shopper"),
    Account("reviewer", "reviewer@demo.example", "Demo reviewer"),
    Account("manager", "manager@demo.example", "Demo manager", stores=("0417",)),
    Account("lead", "lead@demo.example", "Demo lead", regions=("NW",)),
    Account("admin", "admin@demo.example", "Demo admin"),
    Account("manager", "manager-ko@demo.example", "데모 점장", "ko", stores=("1103",)),
    Account("manager", "manager-zh@demo.example", "示範店長", "zh_Hant", stores=("2105",)),
    Account("lead", "lead-ko@demo.example", "데모 지역장", "ko", regions=("SE",)),
    *(Account("shopper", f"shopper{n}@demo.example", f"Demo shopper {n}") for n in range(2, 8)),
)
MAIN_ACCOUNTS = ACCOUNTS[:5]

NOTES = {
    "en": (
        "Seen on the way from the entrance to the till; it was the same a few minutes later.",
        "I waited two minutes nearby. Nobody put it right in that time.",
        "It was a quiet moment with four customers in view.",
        "I looked twice to be sure; the photo shows it where there is one.",
        "Two members of staff passed by and did not react.",
    ),
    "ko": (
        "입구에서 계산대로 가는 길에 확인했고, 몇 분 뒤에도 그대로였습니다.",
        "근처에서 2분을 기다렸지만 아무도 조치하지 않았습니다.",
        "손님이 네 명 정도 보이는 한산한 시간이었습니다.",
        "두 번 확인했으며, 사진이 있는 경우 사진으로 볼 수 있습니다.",
        "직원 두 명이 지나갔지만 반응이 없었습니다.",
    ),
    "zh_Hant": (
        "從入口走到收銀台途中看到，幾分鐘後情況仍然相同。",
        "我在附近等了兩分鐘，這段時間沒有人處理這個情況。",
        "當時店內不忙，視線內大約有四位顧客而已。",
        "我確認了兩次，有拍照的部分可以從照片中看到。",
        "有兩位店員從旁經過，但是都沒有任何反應。",
    ),
}
