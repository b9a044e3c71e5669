"""What passwords are guessed from first. Digits and signs around a word, and two words together, are guessed as well."""

_TEXT = """
password passwort passwords passwd pass admin administrator root letmein welcome qwerty qwertyuiop asdfghjkl zxcvbnm
qazwsx qazwsxedc iloveyou loveyou monkey dragon football baseball basketball superman batman sunshine princess master
shadow michael jordan charlie computer internet samsung huawei xiaomi login user username test testing tester guest
changeme secret default public private system server service security safety alarm fire smoke emergency operator
manager worker command redwhistle whistle red hong hongshao china zhongguo beijing kunming yunnan panlong chengdu
shanghai wangge wanggeyuan anquan wuye xiaoqu shequ jiedao zhihui yingji mima wodemima woaini woaiwojia aini nihao
hello helloworld abc abcd abcde abcdef abcdefg abcdefgh aaa aaaa qwe qwer qwert asd asdf asdfg zxc zxcv zxcvb
zhangwei wangwei liwei wangfang lina zhangmin xiaoming summer winter spring autumn monday friday january
"""
WORDS = frozenset(_TEXT.split())
ROWS = (
    "1234567890" * 4,
    "0123456789" * 4,
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "abcdefghijklmnopqrstuvwxyz1234567890",
    "qwertyuiopasdfghjklzxcvbnm" * 2,
    "1234567890qwertyuiopasdfghjklzxcvbnm" * 2,
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "1234567890-=qwertyuiop[]",
    "!@#$%^&*()_+qwertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "13145201314520131452013145201314520",
    "1a2b3c4d5e6f7g8h9i",
    "a1b2c3d4e5f6g7h8i9",
)
"""Rows of keys and of the alphabet, read in either direction."""
