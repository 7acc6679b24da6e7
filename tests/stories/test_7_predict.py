# SPDX-License-Identifier: MIT
"""Step 7: production's answers are libxgboost's."""
import deploy
import predict
import pytest
from botocore.exceptions import ClientError


def test_rmse(after):
    """ "RMSE is printed (must be < 2.5) and equals what libxgboost gives for the same model" """
    env = after(7)
    assert env.told[7].facts["rmse"] < 2.5
    assert env.told[7].facts["predictions"] == 627


def test_a_batch_is_its_rows(after):
    """ "answers the held-out rows one by one and in batches" """
    env = after(7)
    runtime = env.world.client("sagemaker-runtime", deploy.session(env.world, "prod"))
    rows = [r[1:] for r in env.held_out]
    whole = deploy.invoke(runtime, rows)
    assert [predict.as_float32(a) for a in whole] == predict.predict(env.model_file, rows)


def test_json_out(after):
    """CSV in, CSV or JSON out (the native image of the issue's list)."""
    env = after(7)
    runtime = env.world.client("sagemaker-runtime", deploy.session(env.world, "prod"))
    row = ",".join(env.held_out[0][1:])
    reply = runtime.invoke_endpoint(EndpointName=deploy.NAME, ContentType="text/csv", Accept="application/json",
                                    Body=row.encode())
    assert reply["ContentType"] == "application/json"


def test_bad_rows_are_the_callers_fault(after):
    """A model's own refusal comes back as ModelError, with what it said."""
    env = after(7)
    runtime = env.world.client("sagemaker-runtime", deploy.session(env.world, "prod"))
    with pytest.raises(ClientError) as caught:
        deploy.invoke(runtime, [["not", "a", "number"]])
    assert caught.value.response["Error"]["Code"] == "ModelError"
