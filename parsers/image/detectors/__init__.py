"""Detectors from outside behind one interface: Hugging Face, ONNX, detectron2, and SeTok's clustering of patches.

Each module imports its library when a detector is made: `HuggingFaceDetector` in huggingface.py, `OnnxDetector` in
onnx.py, `Detectron2Detector` in detectron2.py, `SeTok` in setok.py.
"""
