"""Prints what TensorBoard's own reader finds in every folder below one, as JSON."""
import json
import os
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata

START, END = metadata.SESSION_START_INFO_TAG, metadata.SESSION_END_INFO_TAG


def value(proto):
    return getattr(proto, proto.WhichOneof("kind"))


def read(folder):
    events = event_accumulator.EventAccumulator(
        folder, size_guidance={event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0}
    )
    events.Reload()
    tags = events.Tags()
    content = lambda tag: events.SummaryMetadata(tag).plugin_data.content
    start = metadata.parse_session_start_info_plugin_data(content(START))
    has_ended = END in tags["tensors"]
    return {
        "scalars": {tag: [[each.step, each.value] for each in events.Scalars(tag)] for tag in tags["scalars"]},
        "texts": {
            tag: events.Tensors(tag)[-1].tensor_proto.string_val[0].decode()
            for tag in tags["tensors"]
            if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"
        },
        "hparams": {name: value(each) for name, each in start.hparams.items()},
        "status": metadata.parse_session_end_info_plugin_data(content(END)).status if has_ended else None,
    }


print(json.dumps({os.path.basename(at): read(at) for at, _, files in os.walk(sys.argv[1]) if files}))
