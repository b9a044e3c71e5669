"""What is in the frame: models from the manifest, and motion where there is no model."""

import os

# Official builds of ONNX Runtime (1.29 and later, on Linux too) make an identifier of the machine in its home folder and
# send what they run, by the model's name, to their maker, unless this is set before the library is loaded. A box tells
# nobody but its own server.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
