"""Names of commands, data types, systems, components and measured values, Chinese first (tables 2 to 6)."""

from typing import NamedTuple


class Name(NamedTuple):
    """What people read."""

    zh: str
    en: str


class Analog(NamedTuple):
    """A measured quantity; a raw value divided by `steps_per_unit` is in `unit`."""

    zh: str
    en: str
    unit: str
    steps_per_unit: int


COMMANDS: dict[int, Name] = {
    1: Name("控制命令", "control"),
    2: Name("发送数据", "send"),
    3: Name("确认", "confirm"),
    4: Name("请求", "request"),
    5: Name("应答", "answer"),
    6: Name("否认", "deny"),
}
"""0 and 7–127 are reserved, 128–255 belong to the makers."""

DATA_TYPES: dict[int, Name] = {
    1: Name("上传建筑消防设施系统状态", "system state"),
    2: Name("上传建筑消防设施部件运行状态", "component state"),
    3: Name("上传建筑消防设施部件模拟量值", "component analog value"),
    4: Name("上传建筑消防设施操作信息", "system operation"),
    5: Name("上传建筑消防设施软件版本", "system software version"),
    6: Name("上传建筑消防设施系统配置情况", "system configuration"),
    7: Name("上传建筑消防设施部件配置情况", "component configuration"),
    8: Name("上传建筑消防设施系统时间", "system time"),
    21: Name("上传用户信息传输装置运行状态", "transmitter state"),
    24: Name("上传用户信息传输装置操作信息", "transmitter operation"),
    25: Name("上传用户信息传输装置软件版本", "transmitter software version"),
    26: Name("上传用户信息传输装置配置情况", "transmitter configuration"),
    28: Name("上传用户信息传输装置系统时间", "transmitter time"),
    61: Name("读建筑消防设施系统状态", "read system state"),
    62: Name("读建筑消防设施部件运行状态", "read component state"),
    63: Name("读建筑消防设施部件模拟量值", "read component analog value"),
    64: Name("读建筑消防设施操作信息", "read system operations"),
    65: Name("读建筑消防设施软件版本", "read system software version"),
    66: Name("读建筑消防设施系统配置情况", "read system configuration"),
    67: Name("读建筑消防设施部件配置情况", "read component configuration"),
    68: Name("读建筑消防设施系统时间", "read system time"),
    81: Name("读用户信息传输装置运行状态", "read transmitter state"),
    84: Name("读用户信息传输装置操作信息记录", "read transmitter operations"),
    85: Name("读用户信息传输装置软件版本", "read transmitter software version"),
    86: Name("读用户信息传输装置配置情况", "read transmitter configuration"),
    88: Name("读用户信息传输装置系统时间", "read transmitter time"),
    89: Name("初始化用户信息传输装置", "initialise transmitter"),
    90: Name("同步用户信息传输装置时钟", "synchronise transmitter clock"),
    91: Name("查岗命令", "duty check"),
}
"""Up from the transmitter to 28, down from the centre from 61; 128–254 belong to the makers."""

SYSTEM_TYPES: dict[int, Name] = {
    0: Name("通用", "general"),
    1: Name("火灾报警系统", "fire alarm system"),
    10: Name("消防联动控制器", "fire linkage controller"),
    11: Name("消火栓系统", "hydrant system"),
    12: Name("自动喷水灭火系统", "sprinkler system"),
    13: Name("气体灭火系统", "gas extinguishing system"),
    14: Name("水喷雾灭火系统(泵启动方式)", "water spray system, pump start"),
    15: Name("水喷雾灭火系统(压力容器启动方式)", "water spray system, pressure vessel start"),
    16: Name("泡沫灭火系统", "foam system"),
    17: Name("干粉灭火系统", "dry powder system"),
    18: Name("防烟排烟系统", "smoke control system"),
    19: Name("防火门及卷帘系统", "fire doors and shutters"),
    20: Name("消防电梯", "fire lift"),
    21: Name("消防应急广播", "emergency broadcast"),
    22: Name("消防应急照明和疏散指示系统", "emergency lighting and exit signs"),
    23: Name("消防电源", "fire power supply"),
    24: Name("消防电话", "fire telephone"),
}
"""128–255 belong to the makers."""

COMPONENT_TYPES: dict[int, Name] = {
    0: Name("通用", "general"),
    1: Name("火灾报警控制器", "fire alarm controller"),
    10: Name("可燃气体探测器", "combustible gas detector"),
    11: Name("点型可燃气体探测器", "point combustible gas detector"),
    12: Name("独立式可燃气体探测器", "stand-alone combustible gas detector"),
    13: Name("线型可燃气体探测器", "line combustible gas detector"),
    16: Name("电气火灾监控报警器", "electrical fire monitor"),
    17: Name("剩余电流式电气火灾监控探测器", "residual current detector"),
    18: Name("测温式电气火灾监控探测器", "electrical temperature detector"),
    21: Name("探测回路", "detection loop"),
    22: Name("火灾显示盘", "fire display panel"),
    23: Name("手动火灾报警按钮", "manual call point"),
    24: Name("消火栓按钮", "hydrant button"),
    25: Name("火灾探测器", "fire detector"),
    30: Name("感温火灾探测器", "heat detector"),
    31: Name("点型感温火灾探测器", "point heat detector"),
    32: Name("点型感温火灾探测器(S型)", "point heat detector, type S"),
    33: Name("点型感温火灾探测器(R型)", "point heat detector, type R"),
    34: Name("线型感温火灾探测器", "line heat detector"),
    35: Name("线型感温火灾探测器(S型)", "line heat detector, type S"),
    36: Name("线型感温火灾探测器(R型)", "line heat detector, type R"),
    37: Name("光纤感温火灾探测器", "optical fibre heat detector"),
    40: Name("感烟火灾探测器", "smoke detector"),
    41: Name("点型离子感烟火灾探测器", "point ionisation smoke detector"),
    42: Name("点型光电感烟火灾探测器", "point photoelectric smoke detector"),
    43: Name("线型光束感烟火灾探测器", "beam smoke detector"),
    44: Name("吸气式感烟火灾探测器", "aspirating smoke detector"),
    50: Name("复合式火灾探测器", "combined fire detector"),
    51: Name("复合式感烟感温火灾探测器", "combined smoke and heat detector"),
    52: Name("复合式感光感温火灾探测器", "combined flame and heat detector"),
    53: Name("复合式感光感烟火灾探测器", "combined flame and smoke detector"),
    61: Name("紫外火焰探测器", "ultraviolet flame detector"),
    62: Name("红外火焰探测器", "infrared flame detector"),
    69: Name("感光火灾探测器", "optical flame detector"),
    74: Name("气体探测器", "gas detector"),
    78: Name("图像摄像方式火灾探测器", "image fire detector"),
    79: Name("感声火灾探测器", "acoustic fire detector"),
    81: Name("气体灭火控制器", "gas extinguishing controller"),
    82: Name("消防电气控制装置", "electrical fire control device"),
    83: Name("消防控制室图形显示装置", "control room graphic display"),
    84: Name("模块", "module"),
    85: Name("输入模块", "input module"),
    86: Name("输出模块", "output module"),
    87: Name("输入/输出模块", "input and output module"),
    88: Name("中继模块", "relay module"),
    91: Name("消防水泵", "fire pump"),
    92: Name("消防水箱", "fire water tank"),
    95: Name("喷淋泵", "sprinkler pump"),
    96: Name("水流指示器", "water flow indicator"),
    97: Name("信号阀", "signal valve"),
    98: Name("报警阀", "alarm valve"),
    99: Name("压力开关", "pressure switch"),
    101: Name("阀驱动装置", "valve actuator"),
    102: Name("防火门", "fire door"),
    103: Name("防火阀", "fire damper"),
    104: Name("通风空调", "ventilation and air conditioning"),
    105: Name("泡沫液泵", "foam pump"),
    106: Name("管网电磁阀", "pipe solenoid valve"),
    111: Name("防烟排烟风机", "smoke control fan"),
    113: Name("排烟防火阀", "smoke exhaust fire damper"),
    114: Name("常闭送风口", "normally closed air inlet"),
    115: Name("排烟口", "smoke outlet"),
    116: Name("电控挡烟垂壁", "smoke curtain"),
    117: Name("防火卷帘控制器", "fire shutter controller"),
    118: Name("防火门监控器", "fire door monitor"),
    121: Name("警报装置", "alarm sounder"),
}
"""128–255 belong to the makers."""

ANALOG_TYPES: dict[int, Analog] = {
    1: Analog("事件计数", "event count", "", 1),
    2: Analog("高度", "height", "m", 100),
    3: Analog("温度", "temperature", "°C", 10),
    4: Analog("压力", "pressure", "MPa", 10),
    5: Analog("压力", "pressure", "kPa", 10),
    6: Analog("气体浓度", "gas concentration", "%LEL", 10),
    7: Analog("时间", "time", "s", 1),
    8: Analog("电压", "voltage", "V", 10),
    9: Analog("电流", "current", "A", 10),
    10: Analog("流量", "flow", "L/s", 10),
    11: Analog("风量", "air flow", "m³/min", 10),
    12: Analog("风速", "air speed", "m/s", 1),
}
"""0 is unused, 128–255 belong to the makers."""


def name_of(table: dict[int, Name], number: int) -> Name:
    """The name of a number, also of one that the table does not know."""
    if number in table:
        return table[number]
    whose = "the maker's own" if number >= 128 else "reserved"
    return Name(f"自定义或预留 {number}", f"{whose} {number}")
