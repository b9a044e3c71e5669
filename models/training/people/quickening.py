"""The same network in fewer passes over its maps: what a convolution of one pixel reads need not be put together first.

A convolution of several maps side by side is the sum of one convolution of each, which ONNX Runtime adds up in place;
and one of a map that was doubled in size is the doubled convolution of the small map, for a quarter of the work.
"""

from collections.abc import Iterable
from typing import Any

import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference


def without_joins(model: ModelProto) -> ModelProto:
    """The same outputs (to rounding) without the `Concat` before 1 x 1 convolutions; the shapes must be fixed."""
    model = shape_inference.infer_shapes(model)
    graph = model.graph
    channels = {
        each.name: each.type.tensor_type.shape.dim[1].dim_value
        for each in graph.value_info
        if len(each.type.tensor_type.shape.dim) > 1
    }
    values = {each.name: each for each in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    nodes: list[NodeProto] = []
    for node in graph.node:
        joined = makers.get(node.input[0]) if node.op_type == "Conv" else None
        if joined is None or joined.op_type != "Concat" or _side(node, values) != 1:
            nodes.append(node)
            continue
        parts, weights = _summed(node, list(joined.input), channels, makers, values)
        nodes += parts
        graph.initializer.extend(weights)
    _replace(graph.node, nodes)
    _drop_unread(model)
    onnx.checker.check_model(model)
    return model


def _summed(
    conv: NodeProto,
    maps: list[str],
    channels: dict[str, int],
    makers: dict[str, NodeProto],
    values: dict[str, TensorProto],
) -> tuple[list[NodeProto], list[TensorProto]]:
    """One convolution of each map, the bias with the last of them, and their sum under the name that `conv` gave."""
    weight = numpy_helper.to_array(values[conv.input[1]])
    nodes, tensors, first, total = [], [], 0, ""
    starts: dict[str, int] = {}
    for name in maps:
        starts[name] = first
        first += channels[name]
    # Those that will be doubled come first: the runtime adds a sum to the convolution that is computed last.
    order = sorted(maps, key=lambda name: not _is_doubled(name, makers))
    for number, name in enumerate(order):
        last = number == len(order) - 1
        mine = f"{conv.output[0]}_{number}"
        part = weight[:, starts[name] : starts[name] + channels[name]]
        tensors.append(numpy_helper.from_array(part.copy(), f"{mine}_weight"))
        doubled = makers[name] if _is_doubled(name, makers) else None
        inputs = [doubled.input[0] if doubled else name, f"{mine}_weight", *(conv.input[2:] if last else ())]
        made = helper.make_node("Conv", inputs, [f"{mine}_small" if doubled else mine], name=mine)
        made.attribute.extend(conv.attribute)
        nodes.append(made)
        if doubled is not None:
            again = helper.make_node(
                "Resize", [f"{mine}_small", *doubled.input[1:]], [mine], name=f"{mine}_doubled"
            )
            again.attribute.extend(doubled.attribute)
            nodes.append(again)
        if total:
            given = conv.output[0] if last else f"{mine}_sum"
            nodes.append(helper.make_node("Add", [total, mine], [given], name=f"{mine}_add"))
            total = given
        else:
            total = mine
    return nodes, tensors


def _is_doubled(name: str, makers: dict[str, NodeProto]) -> bool:
    return name in makers and makers[name].op_type == "Resize"


def _side(conv: NodeProto, values: dict[str, TensorProto]) -> int:
    return int(max(values[conv.input[1]].dims[2:]))


def _drop_unread(model: ModelProto) -> None:
    """Leave out nodes and values that nobody reads any more."""
    graph = model.graph
    read = {each.name for each in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if read & set(node.output):
            kept.append(node)
            read |= set(node.input)
    _replace(graph.node, kept[::-1])
    _replace(graph.initializer, [each for each in graph.initializer if each.name in read])
    del graph.value_info[:]


def _replace(field: Any, items: Iterable[Any]) -> None:
    """Put these messages into a repeated field; they may be its own."""
    copies = [type(each).FromString(each.SerializeToString()) for each in items]
    del field[:]
    field.extend(copies)
