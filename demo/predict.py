# SPDX-License-Identifier: MIT
"""Step 7's judge: libxgboost itself, asked about the same rows with the same model, without any server between."""
import ctypes
import io
import pickle
import tarfile


class State:
    """Stands for xgboost.core.Booster in the pickle: only its state is wanted."""

    def __setstate__(self, state):
        self.state = state


class BoosterReader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("xgboost.core", "Booster"):
            return State
        if (module, name) in (("builtins", "bytearray"), ("__builtin__", "bytearray")):
            return bytearray
        raise pickle.UnpicklingError(f"a Booster has no {module}.{name}")


def payload(model_tar_gz):
    """The serialised model inside model.tar.gz: its member xgboost-model is a pickled Booster."""
    with tarfile.open(model_tar_gz) as tar:
        return bytes(BoosterReader(io.BytesIO(tar.extractfile("xgboost-model").read())).load().state["handle"])


def predict(model_tar_gz, rows):
    """libxgboost's predictions, as 32-bit floats."""
    lib = ctypes.CDLL("libxgboost.so.0")
    lib.XGBGetLastError.restype = ctypes.c_char_p

    def call(function, *args):
        if function(*args) != 0:
            raise RuntimeError(lib.XGBGetLastError().decode())

    booster, matrix = ctypes.c_void_p(), ctypes.c_void_p()
    model = payload(model_tar_gz)
    values = [float(x) for row in rows for x in row]
    floats = (ctypes.c_float * len(values))(*values)
    n, result = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
    call(lib.XGBoosterCreate, None, ctypes.c_uint64(0), ctypes.byref(booster))
    call(lib.XGBoosterUnserializeFromBuffer, booster, model, ctypes.c_uint64(len(model)))
    call(lib.XGDMatrixCreateFromMat, floats, ctypes.c_uint64(len(rows)), ctypes.c_uint64(len(rows[0])),
         ctypes.c_float(float("nan")), ctypes.byref(matrix))
    call(lib.XGBoosterPredict, booster, matrix, 0, ctypes.c_uint(0), 0, ctypes.byref(n), ctypes.byref(result))
    answer = [result[i] for i in range(n.value)]
    lib.XGDMatrixFree(matrix)
    lib.XGBoosterFree(booster)
    return answer


def as_float32(text):
    return ctypes.c_float(float(text)).value


def rmse(predictions, labels):
    return (sum((p - y) ** 2 for p, y in zip(predictions, labels)) / len(labels)) ** 0.5
