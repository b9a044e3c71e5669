"""Every code that a person may meet, with its words: the one source of the console's and the API's texts for codes."""

from collections.abc import Mapping

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from redwhistle.places.model import ContactRole, PointKind
from server.alerts.model import Severity
from server.people.codes import OidcFault, Refusal
from server.people.records import AuditAct
from server.rights.roles import Right, Role
from server.words import (
    ACTS,
    CERTAINTIES,
    DECISIONS,
    HAZARDS,
    LEVELS,
    METHODS,
    QUIETS,
    REMOVALS,
    STATES,
    Words,
)

SEVERITIES: Words = {
    str(Severity.URGENT.value): ("紧急", "urgent"),
    str(Severity.IMPORTANT.value): ("重要", "important"),
    str(Severity.NORMAL.value): ("一般", "normal"),
    str(Severity.NOTICE.value): ("提示", "notice"),
}
EVENTS: Words = {
    EventKind.SMOKE: ("烟感报警", "smoke detector"),
    EventKind.HEAT: ("温感报警", "heat detector"),
    EventKind.GAS: ("燃气报警", "gas detector"),
    EventKind.MANUAL_CALL: ("手动报警按钮", "manual call point"),
    EventKind.FLAME_SEEN: ("摄像头见火", "camera sees fire"),
    EventKind.SMOKE_SEEN: ("摄像头见烟", "camera sees smoke"),
    EventKind.CROWD_FORMED: ("人群聚集", "crowd formed"),
    EventKind.LOITERING: ("长时间逗留", "somebody lingers"),
    EventKind.GATE_OPENED: ("门正常打开", "gate opened"),
    EventKind.GATE_DENIED: ("门禁拒绝", "gate refused a credential"),
    EventKind.GATE_FORCED: ("门被撬", "gate forced"),
    EventKind.GATE_HELD_OPEN: ("门未关", "gate held open"),
    EventKind.SOS: ("按下求助按钮", "call button pressed"),
    EventKind.WATER_LEVEL: ("水位超限", "water above the limit"),
    EventKind.VIBRATION: ("震动或倾斜超限", "shaking or tilting beyond the limit"),
    EventKind.TAMPER: ("设备被动过", "device tampered with"),
    EventKind.BATTERY_LOW: ("电池低", "battery low"),
    EventKind.DEVICE_LOST: ("设备失联", "device lost"),
    EventKind.DEVICE_RECOVERED: ("设备恢复", "device heard again"),
    EventKind.DEVICE_FAULT: ("设备故障", "device fault"),
    EventKind.BOX_HEALTH: ("边缘盒自检", "the box's report on itself"),
}
METRICS: Words = {
    Metric.TEMPERATURE_C: ("温度", "temperature"),
    Metric.HUMIDITY_PCT: ("湿度", "humidity"),
    Metric.SMOKE_LEVEL: ("烟雾浓度", "smoke level"),
    Metric.CO_PPM: ("一氧化碳", "carbon monoxide"),
    Metric.GAS_LEL_PCT: ("燃气浓度", "gas"),
    Metric.PEOPLE_COUNT: ("人数", "people"),
    Metric.MOVING_REGIONS: ("移动区域数", "moving regions"),
    Metric.DWELL_MAX_S: ("最长停留时间", "longest stay"),
    Metric.GATE_OPEN: ("门开", "gate open"),
    Metric.WATER_LEVEL_M: ("水位", "water level"),
    Metric.ACCELERATION_G: ("加速度", "acceleration"),
    Metric.TILT_DEG: ("倾角", "tilt"),
    Metric.BATTERY_PCT: ("电量", "battery"),
    Metric.LINK_QUALITY: ("链路质量", "link quality"),
    Metric.SIGNAL_DBM: ("信号", "signal"),
    Metric.FRAMES_PER_S: ("每秒帧数", "frames per second"),
    Metric.FRAME_AGE_S: ("画面时延", "age of the frame"),
    Metric.CPU_TEMPERATURE_C: ("处理器温度", "processor temperature"),
    Metric.CPU_LOAD_PCT: ("处理器负载", "processor load"),
    Metric.CPU_THROTTLED: ("处理器降频", "processor slowed down"),
    Metric.MEMORY_USED_PCT: ("内存占用", "memory used"),
    Metric.DISK_FREE_PCT: ("磁盘剩余", "disk free"),
    Metric.PASSED_IN: ("进入人数", "people gone in"),
    Metric.PASSED_OUT: ("离开人数", "people gone out"),
    Metric.ACTUATOR_ON: ("执行器状态", "actuator on"),
    Metric.OUTBOX_ROWS: ("待传条数", "items not sent yet"),
}
DEVICES: Words = {
    DeviceKind.CAMERA: ("摄像头", "camera"),
    DeviceKind.SMOKE: ("烟感", "smoke detector"),
    DeviceKind.HEAT: ("温感", "heat detector"),
    DeviceKind.GAS: ("燃气探测器", "gas detector"),
    DeviceKind.FIRE_PANEL: ("消防主机", "fire panel"),
    DeviceKind.GATE: ("门禁", "gate"),
    DeviceKind.SOS: ("求助按钮", "call button"),
    DeviceKind.WATER_LEVEL: ("水位计", "water gauge"),
    DeviceKind.VIBRATION: ("震动传感器", "vibration sensor"),
    DeviceKind.LOUDSPEAKER: ("喇叭", "loudspeaker"),
    DeviceKind.SIREN: ("警笛", "siren"),
    DeviceKind.RELAY: ("继电器", "relay"),
    DeviceKind.BOX: ("边缘盒", "box"),
    DeviceKind.OTHER: ("其他设备", "other device"),
}
POINTS: Words = {
    PointKind.EXIT: ("出口", "exit"),
    PointKind.MUSTER: ("集合点", "muster point"),
    PointKind.HYDRANT: ("消防栓", "hydrant"),
    PointKind.LOUDSPEAKER: ("喇叭", "loudspeaker"),
    PointKind.CAMERA: ("摄像头", "camera"),
    PointKind.SENSOR: ("传感器", "sensor"),
    PointKind.GATE: ("门", "gate"),
    PointKind.OTHER: ("其他", "other"),
}
CONTACTS: Words = {
    ContactRole.COMMAND_CENTRE: ("应急指挥中心", "command centre"),
    ContactRole.GRID_WORKER: ("网格员", "grid worker"),
    ContactRole.COMMUNITY_STAFF: ("社区工作人员", "community staff"),
    ContactRole.PROPERTY_MANAGER: ("物业经理", "property manager"),
    ContactRole.BUILDING_HEAD: ("楼栋长", "building head"),
    ContactRole.GROUP_HEAD: ("十户长", "head of the ten households"),
    ContactRole.VOLUNTEER: ("志愿者", "volunteer"),
}

PROBLEMS: Words = {
    "unauthenticated": ("请先登录（或账号、密码不对）", "log in first (or the log-in or password is wrong)"),
    "csrf": ("页面已过期，请刷新后再试", "the page is out of date: reload it and try again"),
    "forbidden": ("您没有这项权限，请找账号管理员", "you may not do this: ask whoever manages accounts"),
    "must_change_password": ("请先设置自己的密码", "choose a password of your own first"),
    "not_found": ("没有找到，或不在您的范围内", "not found, or not in your part of the tree"),
    "method_not_allowed": ("这个地址不支持这种操作", "this address does not take this method"),
    "already_claimed": ("已被他人认领", "somebody else was first"),
    "wrong_state": (
        "任务状态已变，此操作不再适用",
        "the item is in another state: this can no longer be done",
    ),
    "not_yours": ("此任务由他人负责", "somebody else holds the item"),
    "changed": ("任务刚刚有变化，请再看一眼", "the item has changed: look at it again"),
    "conflict": ("与已有数据冲突", "it collides with what is stored"),
    "invalid": ("请求内容有误", "the request is not right"),
    "too_large": ("请求太大", "the request is too large"),
    "too_slow": ("网络太慢，请求未能及时送达", "the request did not arrive in time"),
    "too_many": ("尝试次数过多，请稍后再登录", "too many attempts: log in later"),
    "rate_limited": ("操作太频繁，请稍后再试", "too many requests: try again later"),
    "unavailable": ("服务器暂时无法处理，请稍后再试", "the server cannot do this now: try again later"),
    "internal": ("服务器内部错误，请报告编号", "a fault of the server: report the request id"),
}
ROLES: Words = {
    Role.ADMIN: ("系统管理员", "administrator"),
    Role.COMMAND: ("指挥", "command"),
    Role.GRID_WORKER: ("网格员", "grid worker"),
    Role.PROPERTY_MANAGER: ("物业经理", "property manager"),
}
RIGHTS: Words = {
    Right.SEE_PLACES: ("查看地点", "see places"),
    Right.SEE_DEVICES: ("查看设备", "see devices"),
    Right.SEE_ALERTS: ("查看告警和任务", "see alerts and the queue"),
    Right.ACT: ("处置任务", "act on work items"),
    Right.COMMENT: ("添加备注", "comment"),
    Right.SEE_EVIDENCE: ("查看证据", "see evidence"),
    Right.SEE_AUDIT: ("查看审计", "see the audit"),
    Right.MANAGE_PEOPLE: ("管理账号", "manage accounts"),
}
AUDIT: Words = {
    AuditAct.LOG_IN: ("登录", "logged in"),
    AuditAct.LOG_IN_FAILED: ("登录失败", "failed to log in"),
    AuditAct.LOG_OUT: ("退出登录", "logged out"),
    AuditAct.SESSION_ENDED: ("结束一处登录", "ended a session"),
    AuditAct.SESSIONS_ENDED: ("结束多处登录", "ended sessions"),
    AuditAct.PASSWORD_CHANGED: ("修改密码", "changed the password"),
    AuditAct.PASSWORD_RESET: ("重设密码", "set a password"),
    AuditAct.PERSON_ADDED: ("新建账号", "made the account"),
    AuditAct.PERSON_CHANGED: ("修改资料", "changed name or language"),
    AuditAct.PERSON_DISABLED: ("停用账号", "disabled the account"),
    AuditAct.PERSON_ENABLED: ("启用账号", "enabled the account"),
    AuditAct.GRANTED: ("授予角色", "granted a role"),
    AuditAct.REVOKED: ("收回角色", "took a role away"),
    AuditAct.TOKEN_MADE: ("新建令牌", "made a token"),
    AuditAct.TOKEN_REVOKED: ("撤销令牌", "revoked a token"),
    AuditAct.OIDC_BOUND: ("绑定统一身份", "bound to the identity provider"),
}
REFUSALS: Words = {
    Refusal.FORM: ("格式不对", "it has not the right form"),
    Refusal.RESERVED: ("这是系统自用的名字", "this name is the system's own"),
    Refusal.TAKEN: ("账号名已被占用", "somebody else has this login"),
    Refusal.UNKNOWN: ("没有这个地点、公司或语言", "no place, company or language is called so"),
    Refusal.LAST_ADMIN: (
        "这是最后一个管理员，请先另设一个",
        "this is the last administrator: make another first",
    ),
    Refusal.DISABLED: ("账号已停用", "the account is disabled"),
    Refusal.OUT_OF_RANGE: ("天数不在允许范围内", "so many days are not allowed"),
    Refusal.TOO_MANY: ("令牌太多，请先撤销一个", "too many tokens: revoke one first"),
    Refusal.TOO_SHORT: ("密码太短，至少 12 个字符", "too short: at least 12 characters"),
    Refusal.TOO_LONG: ("密码太长，最多 256 个字符", "too long: at most 256 characters"),
    Refusal.COMMON: ("密码太常见，容易被猜到", "too common: it is guessed first"),
    Refusal.LOGIN_INSIDE: ("密码不能只是账号名加几个字", "little more than the login"),
    Refusal.WRONG: ("原密码不对", "not the password you have"),
    Refusal.SAME: ("新密码与原密码相同", "the password you have already"),
}
OIDC: Words = {
    OidcFault.REFUSED: ("统一身份平台拒绝了登录", "the identity provider refused the log-in"),
    OidcFault.STALE: ("登录已过期，请重新开始", "the log-in has expired: begin again"),
    OidcFault.PROVIDER: (
        "统一身份平台暂时无法使用，请稍后再试",
        "the identity provider cannot be used now: try again later",
    ),
    OidcFault.TOKEN: ("统一身份平台的凭证无效", "what the identity provider vouches with does not hold"),
    OidcFault.NO_ACCOUNT: (
        "这里没有您的账号，请找账号管理员",
        "you have no account here: ask an administrator",
    ),
}
LIVENESS: Words = {
    "live": ("在线", "live"),
    "silent": ("久未收到", "silent"),
    "box_lost": ("边缘盒失联", "its box is lost"),
    "unknown": ("从未收到", "never heard"),
}

CATALOGUE: Mapping[str, Words] = {
    "severity": SEVERITIES,
    "hazard": HAZARDS,
    "state": STATES,
    "certainty": CERTAINTIES,
    "act": ACTS,
    "decision": DECISIONS,
    "quiet": QUIETS,
    "level": LEVELS,
    "event": EVENTS,
    "metric": METRICS,
    "device": DEVICES,
    "point": POINTS,
    "contact": CONTACTS,
    "role": ROLES,
    "right": RIGHTS,
    "problem": PROBLEMS,
    "audit": AUDIT,
    "refusal": REFUSALS,
    "oidc": OIDC,
    "liveness": LIVENESS,
    "method": METHODS,
    "removal": REMOVALS,
}
"""What kind of code it is → code → (Chinese, English)."""


def as_json(catalogue: Mapping[str, Words] = CATALOGUE) -> dict[str, dict[str, dict[str, str]]]:
    """The catalogue as the console and the API carry it: kind → code → {zh, en}."""
    return {
        kind: {str(code): {"zh": pair[0], "en": pair[1]} for code, pair in words.items()}
        for kind, words in catalogue.items()
    }
