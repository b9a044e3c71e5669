"""What a rule does, in plain words: Chinese first, English second."""

from collections.abc import Sequence

from server.alerts.rules.schema import (
    AbsenceSpec,
    BoxSpec,
    CountSpec,
    FusionSpec,
    LimitOverride,
    SequenceSpec,
    Spec,
    ThresholdSpec,
    TriggerSpec,
)

GRADES = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
_SCOPES = {
    "device": ("同一设备", "at one device"),
    "place": ("同一地点", "at one place"),
    "building": ("同一楼栋", "in one building"),
    "compound": ("同一小区", "in one compound"),
}


def explain(spec: Spec) -> tuple[str, str]:
    """(Chinese, English): when the rule raises its alert, how urgent, and what ends it."""
    zh, en = _condition(spec)
    grade = GRADES[spec.severity]
    zh += f"；发出{grade}级警报（{spec.title.zh}，险情 {spec.hazard}）。"
    en += f"; raises a grade {grade} alert ({spec.title.en}, hazard {spec.hazard})."
    if isinstance(spec, (TriggerSpec, ThresholdSpec)):
        for override in spec.overrides:
            one_zh, one_en = _override(spec, override.when, override.severity, override)
            zh += one_zh
            en += one_en
    if spec.cooldown_s:
        zh += f"{_s(spec.cooldown_s)} 秒内重复只计数、不再通知。"
        en += f" Repeats within {_s(spec.cooldown_s)} s are counted and not announced."
    if spec.resolves:
        zh += "条件消除后警报自动解除。"
        en += " The alert resolves by itself when the condition ends."
    else:
        zh += "只有人可以关闭。"
        en += " Only a person closes it."
    return zh, en


def _condition(spec: Spec) -> tuple[str, str]:
    match spec:
        case TriggerSpec():
            zh, en = f"收到事件 {_kinds(spec.kinds)}", f"An event {_kinds(spec.kinds)}"
            return _when(zh, en, spec.when)
        case ThresholdSpec():
            side_zh, side_en, limit = _side(spec)
            zh = f"{spec.metric} {side_zh} {limit:g}"
            en = f"{spec.metric} {side_en} {limit:g}"
            if spec.for_s:
                zh, en = f"{zh} 持续 {_s(spec.for_s)} 秒", f"{en} for {_s(spec.for_s)} s"
            if spec.clear is not None:
                zh, en = (
                    f"{zh}（回到 {spec.clear:g} 以内才算结束）",
                    f"{en} (over once it is past {spec.clear:g})",
                )
            return _when(zh, en, spec.when)
        case CountSpec():
            where_zh, where_en = _SCOPES[spec.per]
            zh = f"{where_zh} {_s(spec.window_s)} 秒内 {spec.n} 次 {_kinds(spec.kinds)}"
            en = f"{spec.n} times {_kinds(spec.kinds)} within {_s(spec.window_s)} s {where_en}"
            return _when(zh, en, spec.when)
        case AbsenceSpec():
            kinds = _kinds(spec.device_kinds) if spec.device_kinds else ""
            zh = f"设备 {kinds or '（全部）'} 超过其心跳间隔的 {spec.factor:g} 倍（另加 30 秒）没有任何信号"
            en = f"Nothing heard of a device ({kinds or 'any'}) for {spec.factor:g} times its heartbeat and 30 s more"
            return zh, en
        case SequenceSpec():
            where_zh, where_en = _SCOPES[spec.scope]
            first, then = _kinds(spec.first.kinds), _kinds(spec.then.kinds)
            zh = f"{where_zh}先有 {first}，{_s(spec.window_s)} 秒内又有 {then}"
            return zh, f"{first}, then within {_s(spec.window_s)} s {then}, {where_en}"
        case FusionSpec():
            return _fusion(spec)
        case BoxSpec():
            zh, en = f"边缘盒离线 {_s(spec.for_s)} 秒", f"A box away for {_s(spec.for_s)} s"
            if spec.inhibits:
                zh += f"（期间其设备的 {'、'.join(spec.inhibits)} 不通知）"
                en += f" (meanwhile {', '.join(spec.inhibits)} of its devices are not announced)"
            return zh, en


def _fusion(spec: FusionSpec) -> tuple[str, str]:
    where_zh, where_en = _SCOPES[spec.scope]
    sources = _kinds([*spec.kinds, *spec.rules])
    zh = f"{where_zh} {_s(spec.window_s)} 秒内有 {spec.n} 个不同设备报 {sources}"
    en = f"{spec.n} different devices say {sources} within {_s(spec.window_s)} s {where_en}"
    if spec.override:
        zh += f"，或单独一个 {_kinds(spec.override)}"
        en += f", or {_kinds(spec.override)} alone"
    zh, en = _when(zh, en, spec.when)
    return zh + "，确认", en + ": confirmed"


def _override(spec: Spec, when: str, severity: int | None, override: object) -> tuple[str, str]:
    parts_zh, parts_en = [], []
    if isinstance(override, LimitOverride) and isinstance(spec, ThresholdSpec):
        limit = override.above if spec.below is None else override.below
        if limit is not None:
            parts_zh.append(f"界限为 {limit:g}")
            parts_en.append(f"limit {limit:g}")
    if severity is not None:
        parts_zh.append(f"等级为 {GRADES[severity]}")
        parts_en.append(f"grade {GRADES[severity]}")
    return f"当 {when} 时，{'，'.join(parts_zh)}。", f" Where {when}: {', '.join(parts_en)}."


def _side(spec: ThresholdSpec) -> tuple[str, str, float]:
    if spec.below is not None:
        return "不高于", "at or below", spec.below
    return "不低于", "at or above", spec.above or 0.0


def _when(zh: str, en: str, when: str | None) -> tuple[str, str]:
    return (zh, en) if when is None else (f"{zh}，且 {when}", f"{en}, where {when}")


def _kinds(kinds: Sequence[str]) -> str:
    return " / ".join(str(kind) for kind in kinds)


def _s(seconds: float) -> str:
    return f"{seconds:g}"
