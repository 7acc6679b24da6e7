# SPDX-License-Identifier: MIT
"""The other side of the inference benchmark: what a Python shop would run instead of xgboost-serve.

Flask, gunicorn (gthread, one worker) and xgboost serving the same pickled model at /invocations. From a virtual
environment in the build folder:

    python3 -m venv build/peer-venv
    build/peer-venv/bin/pip install flask gunicorn xgboost==1.7.6 'numpy<2' 'scipy<1.14'
    MODEL=/opt/ml/model/xgboost-model build/peer-venv/bin/gunicorn --chdir tests/bench -k gthread -w 1 --threads 4 \
        -b 127.0.0.1:8081 peer_flask:app

PREDICT=inplace answers by inplace_predict instead of a DMatrix a request (what AWS's container makes).
"""
import os
import pickle

import flask
import numpy as np
import xgboost

app = flask.Flask(__name__)
with open(os.environ["MODEL"], "rb") as f:
    booster = pickle.load(f)
booster.set_param("nthread", 1)
inplace = os.environ.get("PREDICT") == "inplace"


@app.get("/ping")
def ping():
    return ""


@app.post("/invocations")
def invocations():
    lines = flask.request.get_data(as_text=True).strip().split("\n")
    rows = np.array([[float(x) if x else np.nan for x in line.split(",")] for line in lines], dtype=np.float32)
    predictions = booster.inplace_predict(rows) if inplace else booster.predict(xgboost.DMatrix(rows))
    return flask.Response(",".join(map(str, predictions.tolist())), mimetype="text/csv")
